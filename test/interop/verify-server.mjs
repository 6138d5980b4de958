// The verdict of jsonwebtoken, the reference's verifier. One JSON line in, one JSON line out:
//   {"token": "…", "key_b64": "…", "algorithms": ["HS256"], "now": 1700000000}
//   {"accept": true, "payload": …} or {"accept": false, "reason": "…"}
import { createInterface } from "node:readline";
import jsonwebtoken from "jsonwebtoken";

function verdict({ token, key_b64, algorithms, now }) {
  try {
    const key = Buffer.from(key_b64, "base64");
    const payload = jsonwebtoken.verify(token, key, { algorithms, clockTimestamp: now });
    return { accept: true, payload };
  } catch (error) {
    return { accept: false, reason: error.message };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(verdict(JSON.parse(line))) + "\n");
}
