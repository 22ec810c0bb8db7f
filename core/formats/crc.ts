/** Cyclic redundancy checks of 32 bits, reflected, begun with and finished by an exclusive or with all ones. */

/** Tables for eight bytes at a time (M. Kounavis and F. Berry, "A Systematic Approach to Building High Performance CRC", 2005). */
function tablesOf(polynomial: number): Uint32Array[] {
  const tables = Array.from({ length: 8 }, () => new Uint32Array(256));
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >>> 1 ^ polynomial : crc >>> 1;
    tables[0]![byte] = crc;
  }
  for (let byte = 0; byte < 256; byte++) {
    for (let i = 1; i < 8; i++) {
      const before = tables[i - 1]![byte]!;
      tables[i]![byte] = before >>> 8 ^ tables[0]![before & 0xff]!;
    }
  }
  return tables;
}

function crcOf(tables: readonly Uint32Array[]) {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [
    ...[Uint32Array, Uint32Array, Uint32Array, Uint32Array],
    ...[Uint32Array, Uint32Array, Uint32Array, Uint32Array],
  ];
  return (bytes: Uint8Array, before = 0): number => {
    let crc = ~before, at = 0;
    for (; at + 8 <= bytes.length; at += 8) {
      crc ^= bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24;
      crc = t7[crc & 0xff]! ^ t6[crc >>> 8 & 0xff]! ^ t5[crc >>> 16 & 0xff]! ^ t4[crc >>> 24]! ^
        t3[bytes[at + 4]!]! ^ t2[bytes[at + 5]!]! ^ t1[bytes[at + 6]!]! ^ t0[bytes[at + 7]!]!;
    }
    for (; at < bytes.length; at++) crc = crc >>> 8 ^ t0[(crc ^ bytes[at]!) & 0xff]!;
    return ~crc >>> 0;
  };
}

/** CRC-32, of zlib and Ethernet. @param before the CRC of the bytes before, to go on from */
export const crc32 = crcOf(tablesOf(0xedb88320));

/** CRC-32C (Castagnoli), RFC 3720 appendix B.4. */
export const crc32c = crcOf(tablesOf(0x82f63b78));
