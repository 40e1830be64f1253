// jose (npm) as another maker and reader of tokens. JOSE names the folder of its package.
//
//   jose.mjs make FILE                        vectors in the layout of aat-vectors, all of it made by jose
//   jose.mjs verify JWK-FILE ISS AUD < TOKEN  one token of ours, whose kid is the thumbprint: "ok ALG", or why not
//   jose.mjs chain JWK < PRESENTATION         a chain of ours, by the issuer's JWK: "ok COUNT HOLDER-JWK"
//   jose.mjs proof JWK < TOKEN                a proof of possession of ours
import { readFileSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { pathToFileURL } from "node:url";

const jose = await import(pathToFileURL(`${process.env.JOSE}/dist/webapi/index.js`));
const [verb, ...args] = process.argv.slice(2);
const now = Math.floor(Date.now() / 1000);
const AUD = "spiffe://example.org/host/web-07";
const PREFIX = "urn:ietf:params:oauth:jwk-thumbprint:sha-256:";

const hash = (token) => createHash("sha256").update(token.slice(0, token.lastIndexOf("."))).digest("base64url");
const sign = (claims, alg, key, typ) =>
  new jose.SignJWT(claims).setProtectedHeader({ alg, typ, kid: key.kid }).sign(key.privateKey);
const entry = (tools) => [{ type: "attenuating_agent_token", tools }];

async function newKey(alg, kid) {
  const pair = await jose.generateKeyPair(alg, { extractable: true });
  const jwk = await jose.exportJWK(pair.publicKey);
  return { ...pair, alg, kid, jwk, thumbprint: await jose.calculateJwkThumbprint(jwk, "sha256") };
}

const tools = { "host:login": {}, "host:sudo": { runas: { constraint_type: "exact", value: "root" } } };
const root = (issuer, holder, more = {}) =>
  sign({ jti: `root-${issuer.alg}-${holder.alg}`, iss: `https://${issuer.alg}.example.org`, sub: "a", aud: AUD, iat: now - 5,
         exp: now + 300, del_depth: 0, del_max_depth: 3, cnf: { jwk: holder.jwk },
         authorization_details: entry(tools), ...more }, issuer.alg, issuer, "aat+jwt");
const child = (parent, holder, to, depth, more = {}) =>
  sign({ jti: `child-${depth}-${holder.alg}-${to.alg}`, iss: PREFIX + holder.thumbprint, iat: now - 4, exp: now + 200,
         del_depth: depth, del_max_depth: 3, par_hash: hash(parent), cnf: { jwk: to.jwk },
         authorization_details: entry(tools), ...more }, holder.alg, holder, "aat+jwt");
const pop = (leaf, holder, more = {}) =>
  sign({ jti: `pop-${Math.random()}`, aat_id: jose.decodeJwt(leaf).jti, aat_hash: hash(leaf), aat_tool: "host:sudo",
         hta: { runas: "root" }, iat: now, aat_aud: AUD, ...more }, holder.alg, holder, "aat-pop+jwt");

async function make(file) {
  const issuers = {}, holders = [], vectors = [];
  for (const alg of ["Ed25519", "ES256", "ES384", "RS256", "PS256"]) issuers[alg] = await newKey(alg, `issuer-${alg}`);
  for (const alg of ["Ed25519", "ES256", "ES384"]) holders.push(await newKey(alg));
  const add = (title, chain, proof, verdict, step = null) =>
    vectors.push({ id: `jose-${vectors.length + 1}`, title, now, tool: "host:sudo", args: { runas: "root" },
                   policy: { algs: Object.keys(issuers), require_aud: true }, chain_compact: chain, pop_compact: proof,
                   expected: { verdict, step } });

  for (const issuer of Object.values(issuers))
    for (const [i, holder] of holders.entries()) {
      const next = holders[(i + 1) % 3], last = holders[(i + 2) % 3];
      const first = await root(issuer, holder), second = await child(first, holder, next, 1);
      const third = await child(second, next, last, 2);
      add(`root of ${issuer.alg} for ${holder.alg}`, [first], await pop(first, holder), "PERMIT");
      add(`and a chain of three`, [first, second, third], await pop(third, last), "PERMIT");
      add(`with another holder's proof`, [first, second], await pop(second, holder), "DENY", "7a");
      add(`with a child that its parent's holder did not sign`, [first, await child(first, last, next, 1)],
          await pop(second, next), "DENY", "4a");
    }
  for (const issuer of Object.values(issuers)) {
    const holder = holders[0], other = await newKey(issuer.alg, issuer.kid);
    const token = await root(issuer, holder), [head, , signature] = token.split(".");
    const forged = jose.base64url.encode(JSON.stringify({ ...jose.decodeJwt(token), sub: "b" }));
    add(`${issuer.alg}: another key`, [await root({ ...other, alg: issuer.alg }, holder)], null, "DENY", "3b");
    add(`${issuer.alg}: other claims`, [`${head}.${forged}.${signature}`], null, "DENY", "3b");
    add(`${issuer.alg}: expired`, [await root(issuer, holder, { iat: now - 20, exp: now - 10 })], null, "DENY", "3e");
    add(`${issuer.alg}: elsewhere`, [await root(issuer, holder, { aud: "x" })], null, "DENY", "6c");
  }
  writeFileSync(file, JSON.stringify({
    params: { audience: AUD, max_token_lifetime: 3600, max_delegation_depth: 8 }, keys: {},
    trust_anchors: Object.values(issuers).map((key) =>
      ({ iss: `https://${key.alg}.example.org`, jwk: { ...key.jwk, ...(key.jwk.kty === "RSA" ? { alg: key.alg } : {}) } })),
    vectors }, null, 1));
}

const input = () => readFileSync(0, "utf8").trim();
try {
  if (verb === "make") {
    await make(args[0]);
  } else if (verb === "verify") {
    const jwk = JSON.parse(readFileSync(args[0], "utf8"));
    const jwks = jose.createLocalJWKSet({ keys: [{ ...jwk, kid: await jose.calculateJwkThumbprint(jwk, "sha256") }] });
    const { protectedHeader } = await jose.jwtVerify(input(), jwks, { issuer: args[1], audience: args[2], typ: "aat+jwt" });
    console.log(`ok ${protectedHeader.alg}`);
  } else if (verb === "chain") {
    const { aat_chain: tokens } = JSON.parse(new TextDecoder().decode(jose.base64url.decode(input())));
    let jwk = JSON.parse(args[0]);
    for (const [i, token] of tokens.entries()) {
      const { payload } = await jose.jwtVerify(token, await jose.importJWK(jwk, jose.decodeProtectedHeader(token).alg));
      if (i > 0 && payload.par_hash !== hash(tokens[i - 1])) throw new Error("par_hash");
      if (i > 0 && payload.iss !== PREFIX + await jose.calculateJwkThumbprint(jwk, "sha256")) throw new Error("iss");
      jwk = payload.cnf.jwk;
    }
    console.log(`ok ${tokens.length} ${JSON.stringify(jwk)}`);
  } else if (verb === "proof") {
    const jwk = JSON.parse(args[0]);
    const { payload } = await jose.jwtVerify(input(), await jose.importJWK(jwk, args[1]), { typ: "aat-pop+jwt" });
    console.log(`ok ${payload.aat_tool} ${payload.nonce}`);
  }
} catch (error) {
  console.log(`no: ${error.message}`);
  process.exitCode = 1;
}
