import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

const CHUNK = 1 << 16;

/** Writes lines to a file, gzipped when its name says so; the same lines give the same bytes. Returns its size. */
export async function writeLines(path: string, lines: AsyncIterable<string>): Promise<number> {
  const text = Readable.from(chunks(lines), { objectMode: false });
  if (path.endsWith('.gz')) {
    await pipeline(text, createGzip({ level: 9 }), unknownSystem(), createWriteStream(path));
  } else {
    await pipeline(text, createWriteStream(path));
  }
  return (await stat(path)).size;
}

async function* chunks(lines: AsyncIterable<string>): AsyncGenerator<Buffer> {
  let text = '';
  for await (const line of lines) {
    text += line;
    if (text.length >= CHUNK) {
      yield Buffer.from(text);
      text = '';
    }
  }
  if (text !== '') yield Buffer.from(text);
}

/** Byte 9 of a gzip header names the operating system; 255 is 'unknown'. Node writes no time or file name. */
function unknownSystem(): Transform {
  let offset = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (offset <= 9 && offset + chunk.length > 9) chunk[9 - offset] = 255;
      offset += chunk.length;
      done(null, chunk);
    },
  });
}
