// Signs tokens with libraries that are not ours. One JSON line in, one JSON line out:
//   {"library": "jsonwebtoken" | "jose", "key_b64": "…", "alg": "HS256", "payload": {…}}
//   {"token": "…"}
import { createInterface } from "node:readline";
import { SignJWT } from "jose";
import jsonwebtoken from "jsonwebtoken";

const libraries = {
  jsonwebtoken: (payload, key, alg) => jsonwebtoken.sign(payload, key, { algorithm: alg }),
  jose: (payload, key, alg) =>
    new SignJWT(payload).setProtectedHeader({ alg, typ: "JWT" }).sign(new Uint8Array(key)),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { library, key_b64, alg, payload } = JSON.parse(line);
  const token = await libraries[library](payload, Buffer.from(key_b64, "base64"), alg);
  process.stdout.write(JSON.stringify({ token }) + "\n");
}
