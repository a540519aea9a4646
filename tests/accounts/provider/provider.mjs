// A real OpenID provider (oidc-provider, certified) for the tests, on a port of its own.
//
//   node provider.mjs CALLBACK      prints {"port": N} when it listens
//
// POST /fault?kind=… makes the next ID token wrong in one way; the rest is the library's.
import { createServer } from "node:http";
import { exportJWK, generateKeyPair, SignJWT, decodeJwt } from "jose";
import { Provider } from "oidc-provider";

const [callback] = process.argv.slice(2);
const { privateKey } = await generateKeyPair("RS256", { extractable: true });
const stranger = (await generateKeyPair("RS256", { extractable: true })).privateKey;
const key = { ...(await exportJWK(privateKey)), kid: "k1", alg: "RS256", use: "sig" };

const PEOPLE = {
  staff: { email: "staff@city.example", email_verified: true, name: "職員 花子" },
  other: { email: "other@city.example", email_verified: false, name: "別人" },
};
let fault = null;

const server = createServer();
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const { port } = server.address();
const issuer = `http://127.0.0.1:${port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "tamamo",
      client_secret: "a-secret-of-the-tests",
      redirect_uris: [callback],
      response_types: ["code"],
      grant_types: ["authorization_code"],
      token_endpoint_auth_method: "client_secret_basic",
    },
  ],
  jwks: { keys: [key] },
  cookies: { keys: ["tests"] },
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...PEOPLE[id] }) }),
  pkce: { required: () => true },
  ttl: { AccessToken: 600, AuthorizationCode: 60, IdToken: 600, Interaction: 600, Grant: 600, Session: 600 },
});

async function spoil(token) {
  const claims = decodeJwt(token);
  const now = Math.floor(Date.now() / 1000);
  let signer = privateKey;
  if (fault === "nonce") claims.nonce = "of-another-sign-in";
  if (fault === "no nonce") delete claims.nonce;
  if (fault === "expired") Object.assign(claims, { iat: now - 900, exp: now - 300 });
  if (fault === "audience") claims.aud = "another-client";
  if (fault === "issuer") claims.iss = "http://127.0.0.1:1";
  if (fault === "subject") claims.sub = "other";
  if (fault === "signature") signer = stranger;
  if (fault === "unsigned") {
    const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
    return `${part({ alg: "none", kid: "k1" })}.${part(claims)}.`;
  }
  return new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: "k1" }).sign(signer);
}

provider.use(async (ctx, next) => {
  await next();
  if (ctx.path === "/token" && ctx.body?.id_token && fault !== null) {
    if (fault === "absent") delete ctx.body.id_token;
    else ctx.body.id_token = await spoil(ctx.body.id_token);
    fault = null;
  }
});

server.on("request", (request, response) => {
  const url = new URL(request.url, issuer);
  if (url.pathname === "/fault") {
    fault = url.searchParams.get("kind");
    response.end();
  } else provider.callback()(request, response);
});
process.stdout.write(JSON.stringify({ port }) + "\n");
