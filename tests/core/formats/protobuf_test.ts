/** Messages of Protocol Buffers against bytes written down from the specification of the encoding. */
import { crc32 as zlib } from "node:zlib";
import { assertEquals, assertThrows } from "@std/assert";
import { fieldsOf, Message, textOf } from "../../../core/formats/protobuf.ts";
import { crc32, crc32c } from "../../../core/formats/crc.ts";
import { masked, recordOf, recordsIn } from "../../../core/formats/tfrecord.ts";

const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");

Deno.test("protobuf: the encoding's examples", () => {
  assertEquals(hex(new Message().whole(1, 150).bytes), "08 96 01");
  assertEquals(hex(new Message().text(2, "testing").bytes), "12 07 74 65 73 74 69 6e 67");
  assertEquals(hex(new Message().message(3, new Message().whole(1, 150)).bytes), "1a 03 08 96 01");
  assertEquals(hex(new Message().double(1, 1).float(2, -2).bytes), "09 00 00 00 00 00 00 f0 3f 15 00 00 00 c0");
  assertEquals(hex(new Message().doubles(20, [1]).bytes), "a2 01 08 00 00 00 00 00 00 f0 3f");
  assertEquals(hex(new Message().whole(1, 2 ** 53).bytes), "08 80 80 80 80 80 80 80 10");
});

Deno.test("protobuf: what is written is read again, also in messages that grow", () => {
  const message = new Message();
  const long = "x".repeat(1000);
  const nested = new Message().whole(1, 7).nested(2, (inner) => {
    inner.nested(3, (deep) => deep.text(4, long)).text(5, "ä".repeat(42)).text(6, "ß".repeat(43));
  }).whole(8, 9);
  const bytes = (text: string) => new TextEncoder().encode(text);
  const inner = new Message().message(3, new Message().data(4, bytes(long))).data(5, bytes("ä".repeat(42)))
    .data(6, bytes("ß".repeat(43)));
  assertEquals(nested.bytes, new Message().whole(1, 7).message(2, inner).whole(8, 9).bytes);
  for (let i = 0; i < 200; i++) {
    message.whole(1, i * 1e9).double(2, i / 3).float(3, i / 3).text(4, long.slice(0, 5 * i));
  }
  const fields = [...fieldsOf(message.bytes)];
  assertEquals(fields.length, 800);
  for (let i = 0; i < 200; i++) {
    const [a, b, c, d] = fields.slice(4 * i);
    assertEquals([a!.number, b!.number, c!.number], [i * 1e9, i / 3, Math.fround(i / 3)]);
    assertEquals([a!.field, textOf(d!)], [1, long.slice(0, 5 * i)]);
  }
  assertThrows(() => [...fieldsOf(new Uint8Array([0x12, 0x07, 0x74]))], RangeError);
  assertThrows(() => [...fieldsOf(new Uint8Array([0x08, 0x96]))], RangeError);
  assertThrows(() => [...fieldsOf(new Uint8Array([0x0b]))], RangeError);
});

Deno.test("CRC-32: as zlib computes it, for all lengths, also in parts", () => {
  const bytes = Uint8Array.from({ length: 100 }, (_, i) => i * i);
  assertEquals(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
  for (let length = 0; length <= bytes.length; length++) {
    const part = bytes.subarray(0, length);
    assertEquals(crc32(part), zlib(part));
    assertEquals(crc32(part.subarray(length >> 1), crc32(part.subarray(0, length >> 1))), zlib(part));
  }
});

Deno.test("records: CRC-32C of RFC 3720, and a file that ends at what is torn or damaged", () => {
  assertEquals(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
  assertEquals(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assertEquals(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assertEquals(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
  assertEquals(masked(0), 0xa282ead8);
  const data = [0, 1, 17, 300].map((length, i) => new Uint8Array(length).fill(i));
  const file = new Uint8Array(data.flatMap((each) => [...recordOf(each)]));
  assertEquals([...recordsIn(file)].map(({ data }) => data), data);
  assertEquals([...recordsIn(file)].at(-1)!.end, file.length);
  assertEquals([...recordsIn(file.subarray(0, file.length - 1))].length, 3);
  for (const at of [0, 9, 17 + 16, file.length - 2]) {
    const damaged = file.slice();
    damaged[at]! ^= 4;
    const before = [...recordsIn(file)].filter(({ end }) => end <= at).length;
    assertEquals([...recordsIn(damaged)].length, before, `${at}`);
  }
});
