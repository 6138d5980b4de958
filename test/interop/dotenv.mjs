// One JSON line in, one out: {"text_b64"} gives {"entries": {NAME: VALUE}}, as npm dotenv reads it.
import { createInterface } from 'node:readline';
import { parse } from 'dotenv';

for await (const line of createInterface({ input: process.stdin })) {
  const { text_b64: text } = JSON.parse(line);
  const entries = parse(Buffer.from(text, 'base64'));
  console.log(JSON.stringify({ entries }));
}
