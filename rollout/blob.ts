import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

const params = { [constants.ZSTD_c_compressionLevel]: 3 };

/** A value as zstd over its JSON. Lone surrogates survive: JSON writes them as escapes. */
export function pack(value: unknown): Uint8Array {
  const json = Buffer.from(JSON.stringify(value), 'utf8');
  // Told the size, zstd takes no larger tables than it needs; the bytes are the same.
  return zstdCompressSync(json, { params, pledgedSrcSize: json.length });
}

/** What {@link pack} was given; the caller says what it is. */
export function unpack(blob: Uint8Array): unknown {
  return JSON.parse(zstdDecompressSync(blob).toString('utf8')) as unknown;
}
