export { after, after as afterAll, afterEach, before, before as beforeAll, beforeEach, describe, it } from "node:test";
