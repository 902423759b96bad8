// Several SAML identity providers in one process, one per tenant, on loopback:
//   http://127.0.0.1:$PORT/t/<tenant>/{metadata,sso,init,slo}     the metadata's address is the entity ID
// Auth0's `samlp` from npm reads and checks the requests, makes and signs the responses, and runs the logout; this file
// is the pages, the people and the list of service providers.
// Environment: PORT, TENANTS (comma list), STATE (folder with <tenant>.key and .crt), NODE_DIR (folder with node_modules)
// Users of each tenant: alice, bob, carol, each <login>@<tenant>.example, password "password".
// IdP-initiated: /t/<tenant>/init?sp=<entity ID>&RelayState=...; a single logout starts at /t/<tenant>/slo without a message.
// Test-only controls (not part of SAML), all POST with JSON:
//   /admin/<tenant>/sp       {metadata, sign: both|assertion|response|none, encryption, hash: sha256|sha1, nameID, signedRequests}
//   /admin/<tenant>/user     {login, attributes: {name: [values]}}
//   /admin/<tenant>/publish  {key, cert}: the metadata shows a second certificate
//   /admin/<tenant>/switch   that key signs, and the first certificate is gone
import { createRequire } from 'node:module';
import { createServer } from 'node:http';
import { createHash, createPublicKey, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const require = createRequire(path.join(process.env.NODE_DIR, 'x.js'));
const samlp = require('samlp');
const Participants = require('samlp/lib/sessionParticipants');
const { DOMParser } = require('@auth0/xmldom');

const base = `http://127.0.0.1:${process.env.PORT}`;
const REDIRECT = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect';
const POST = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST';
const EMAIL = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress';
const PERSISTENT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent';
const TRANSIENT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient';

const id = () => `_${randomBytes(16).toString('hex')}`;
const escape = (s) => String(s ?? '').replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const bare = (pem) => pem.replace(/-----[^-]+-----|\s/g, '');
const pem = (der) => `-----BEGIN CERTIFICATE-----\n${der.match(/.{1,64}/g).join('\n')}\n-----END CERTIFICATE-----\n`;

// A service provider as its metadata describes it.
class Party {
  constructor({ metadata, sign = 'both', encryption = '', hash = 'sha256', nameID = '', signedRequests = false }) {
    const root = new DOMParser().parseFromString(metadata).documentElement;
    const all = (name) => Array.from(root.getElementsByTagNameNS('urn:oasis:names:tc:SAML:2.0:metadata', name));
    const certificates = (use) => all('KeyDescriptor').filter((k) => !k.getAttribute('use') || k.getAttribute('use') === use)
      .flatMap((k) => Array.from(k.getElementsByTagNameNS('http://www.w3.org/2000/09/xmldsig#', 'X509Certificate')))
      .map((c) => pem(c.textContent.replace(/\s/g, '')));
    this.entityID = root.getAttribute('entityID');
    const acs = all('AssertionConsumerService').filter((e) => e.getAttribute('Binding') === POST);
    this.acs = acs.map((e) => e.getAttribute('Location'));
    this.defaultACS = (acs.find((e) => e.getAttribute('isDefault') === 'true') || acs[0])?.getAttribute('Location');
    if (!this.entityID || !this.defaultACS) throw new Error('metadata without an entity ID or an assertion consumer service');
    const slo = all('SingleLogoutService');
    this.slo = slo.find((e) => e.getAttribute('Binding') === REDIRECT) || slo.find((e) => e.getAttribute('Binding') === POST);
    this.signing = certificates('signing');
    this.encryption = encryption;
    [this.encryptionCert] = certificates('encryption');
    if (encryption && !this.encryptionCert) throw new Error('metadata without a certificate to encrypt to');
    Object.assign(this, { sign, hash, signedRequests, nameID: nameID || all('NameIDFormat')[0]?.textContent.trim() || EMAIL });
  }
}

class Tenant {
  constructor(name) {
    Object.assign(this, { name, path: `/t/${name}`, entityID: `${base}/t/${name}/metadata` });
    this.keys = [{ key: readFileSync(`${process.env.STATE}/${name}.key`, 'utf8'), cert: readFileSync(`${process.env.STATE}/${name}.crt`, 'utf8') }];
    this.parties = new Map(); this.users = new Map(); this.sessions = new Map(); this.pending = new Map(); this.store = new Map();
    for (const [login, last, groups] of [['alice', 'Archer', ['staff', 'admins']], ['bob', 'Baker', ['staff']], ['carol', 'Cooper', ['staff']]]) {
      this.users.set(login, { email: [`${login}@${name}.example`], firstName: [login[0].toUpperCase() + login.slice(1)], lastName: [last], groups });
    }
  }

  administer(what, body) {
    if (what === 'sp') { const sp = new Party(body); this.parties.set(sp.entityID, sp); return; }
    if (what === 'user') this.users.set(body.login, body.attributes);
    if (what === 'publish') this.keys.push({ key: body.key, cert: body.cert });
    if (what === 'switch' && this.keys.length > 1) this.keys.shift();
  }

  nameID(sp, login) {
    const pairwise = createHash('sha256').update(`${this.entityID} ${sp.entityID} ${login}`).digest('hex').slice(0, 40);
    if (sp.nameID === PERSISTENT) return pairwise;
    if (sp.nameID === TRANSIENT) return id();
    if (sp.nameID === EMAIL) return this.users.get(login).email?.[0];
    return login;
  }

  // config is what samlp needs to know for one response.
  config(sp, acs, inResponseTo, login, sessionIndex, nameIdentifier) {
    const attributes = { uid: [login], ...this.users.get(login) };
    return {
      issuer: this.entityID, ...this.keys[0], audience: sp.entityID, destination: acs, recipient: acs, inResponseTo,
      lifetimeInSeconds: 300, sessionIndex, signatureAlgorithm: `rsa-${sp.hash}`, digestAlgorithm: sp.hash,
      signResponse: ['both', 'response'].includes(sp.sign), signAssertion: ['both', 'assertion'].includes(sp.sign),
      authnContextClassRef: 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport',
      profileMapper: () => ({
        getClaims: () => attributes,
        getNameIdentifier: () => ({ nameIdentifier, nameIdentifierFormat: sp.nameID }),
      }),
      ...(sp.encryption && {
        encryptionCert: sp.encryptionCert, encryptionAlgorithm: sp.encryption,
        encryptionPublicKey: createPublicKey(sp.encryptionCert).export({ type: 'spki', format: 'pem' }),
        disallowEncryptionWithInsecureAlgorithm: false, warnOnInsecureEncryptionAlgorithm: false,
      }),
    };
  }
}

const tenants = new Map(process.env.TENANTS.split(',').map((name) => [name, new Tenant(name)]));

// parse reads an AuthnRequest; with certificates, one of them must have signed it.
const parse = (req, signingCert) => new Promise((resolve, reject) => {
  samlp.parseRequest(req, { signingCert }, (err, data) => (err ? reject(err) : resolve(data)));
});
async function authnRequest(tenant, req) {
  const data = await parse(req);
  const sp = tenant.parties.get(data?.issuer);
  if (!sp) throw new Error(`unknown service provider ${data?.issuer}`);
  if (sp.signedRequests) {
    const checks = await Promise.allSettled(sp.signing.map((cert) => parse(req, cert)));
    if (!checks.some((c) => c.status === 'fulfilled')) throw checks[0]?.reason ?? new Error('no certificate to check the signature by');
  }
  const acs = data.assertionConsumerServiceURL || sp.defaultACS;
  if (!sp.acs.includes(acs)) throw new Error(`${acs} is not in the metadata`);
  return { sp, acs, inResponseTo: data.id, force: data.forceAuthn === 'true' };
}

const page = (body) => `<!doctype html><title>samlp</title>${body}`;
const loginPage = (tenant, ticket, wrong) => page(`<h1>${escape(tenant.name)}</h1><p>${wrong ? 'Wrong user or password' : 'Sign in'}</p>
<form method="post" action="${tenant.path}/login"><input type="hidden" name="ticket" value="${ticket}">
<input name="username"><input name="password" type="password"><button>Sign in</button></form>`);

async function respond(tenant, session, { sp, acs, inResponseTo, relayState }, answer) {
  const known = session.participants.find((p) => p.serviceProviderId === sp.entityID && p.nameIdFormat === sp.nameID);
  const { sessionIndex, nameId } = known ?? { sessionIndex: id(), nameId: tenant.nameID(sp, session.login) };
  const config = tenant.config(sp, acs, inResponseTo, session.login, sessionIndex, nameId);
  const xml = await new Promise((resolve, reject) => {
    samlp.getSamlResponse(config, { id: session.login }, (err, out) => (err ? reject(err) : resolve(out)));
  });
  if (sp.slo && !known) {
    session.participants.push({
      serviceProviderId: sp.entityID, nameId, nameIdFormat: sp.nameID, sessionIndex, cert: sp.signing[0],
      serviceProviderLogoutURL: sp.slo.getAttribute('Location'), binding: sp.slo.getAttribute('Binding'),
    });
  }
  const relay = relayState === undefined ? '' : `<input type="hidden" name="RelayState" value="${escape(relayState)}">`;
  answer(200, page(`<form method="post" action="${escape(acs)}"><input type="hidden" name="SAMLResponse" value="${Buffer.from(xml).toString('base64')}">${relay}<button>Continue</button></form>`));
}

function logout(tenant, session, key, req, res, answer) {
  samlp.logout({
    issuer: tenant.entityID, ...tenant.keys[0], deflate: true, protocolBinding: REDIRECT, signatureAlgorithm: 'rsa-sha256', digestAlgorithm: 'sha256',
    sessionParticipants: new Participants(session?.participants),
    clearIdPSession: (cb) => { tenant.sessions.delete(key); cb(); },
    store: {
      save: (r, state, cb) => { const handle = id(); tenant.store.set(handle, state); cb(null, handle); },
      load: (r, handle, o, cb) => (cb || o)(null, tenant.store.get(handle)),
      update: (r, handle, state, cb) => { tenant.store.set(handle, state); cb(null, handle); },
    },
  })(req, res, (err) => answer(400, page(`logout: ${escape(err.message)}`)));
}

async function handle(req, res) {
  const url = new URL(req.url, base);
  const headers = {};
  const answer = (status, body, type = 'text/html; charset=utf-8') => { res.writeHead(status, { 'content-type': type, ...headers }); res.end(body); };
  let text = '';
  for await (const chunk of req) text += chunk;
  let m = /^\/admin\/([^/]+)\/(sp|user|publish|switch)$/.exec(url.pathname);
  if (m && tenants.has(m[1]) && req.method === 'POST') {
    tenants.get(m[1]).administer(m[2], JSON.parse(text || '{}'));
    return answer(200, '{}', 'application/json');
  }
  m = /^\/t\/([^/]+)\/(metadata|sso|init|login|slo)$/.exec(url.pathname);
  const tenant = m && tenants.get(m[1]);
  if (!tenant) return answer(404, page('no such page'));

  // What samlp expects of Express.
  Object.assign(req, { query: Object.fromEntries(url.searchParams), body: req.method === 'POST' ? Object.fromEntries(new URLSearchParams(text)) : {}, protocol: 'http', originalUrl: req.url });
  Object.assign(res, {
    set: (name, value) => { headers[name.toLowerCase()] = value; },
    send: (body) => (typeof body === 'number' ? answer(body, page(`status ${body}`)) : answer(200, body, headers['content-type'])),
    redirect: (to) => { res.writeHead(302, { location: to }); res.end(); },
  });
  const key = new RegExp(`samlp_${tenant.name}=(\\w+)`).exec(req.headers.cookie || '')?.[1];
  const session = tenant.sessions.get(key);

  switch (m[2]) {
    case 'metadata': {
      const next = tenant.keys[1] && `<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>${bare(tenant.keys[1].cert)}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>`;
      const { send } = res;
      res.send = (xml) => send(next ? xml.replace('</KeyDescriptor>', `</KeyDescriptor>${next}`) : xml); // samlp shows one certificate only
      return samlp.metadata({
        issuer: tenant.entityID, cert: tenant.keys[0].cert, redirectEndpointPath: `${tenant.path}/sso`, postEndpointPath: `${tenant.path}/sso`,
        logoutEndpointPaths: { redirect: `${tenant.path}/slo`, post: `${tenant.path}/slo` },
      })(req, res);
    }
    case 'slo': return logout(tenant, session, key, req, res, answer);
    case 'login': {
      const wanted = tenant.pending.get(req.body.ticket);
      if (!wanted) return answer(400, page('nobody asked for this sign-in'));
      if (!tenant.users.has(req.body.username) || req.body.password !== 'password') return answer(401, loginPage(tenant, req.body.ticket, true));
      tenant.pending.delete(req.body.ticket);
      const fresh = { login: req.body.username, participants: session?.login === req.body.username ? session.participants : [] };
      const cookie = randomBytes(16).toString('hex');
      tenant.sessions.set(cookie, fresh);
      headers['set-cookie'] = `samlp_${tenant.name}=${cookie}; Path=${tenant.path}; HttpOnly`;
      return respond(tenant, fresh, wanted, answer);
    }
    default: { // sso and init
      let wanted;
      if (m[2] === 'init') {
        const sp = tenant.parties.get(req.query.sp);
        if (!sp) throw new Error(`unknown service provider ${req.query.sp}`);
        wanted = { sp, acs: sp.defaultACS };
      } else {
        wanted = await authnRequest(tenant, req);
      }
      wanted.relayState = { ...req.query, ...req.body }.RelayState;
      if (session && !wanted.force) return respond(tenant, session, wanted, answer);
      const ticket = id();
      tenant.pending.set(ticket, wanted);
      return answer(200, loginPage(tenant, ticket, false));
    }
  }
}

createServer((req, res) => {
  handle(req, res).catch((err) => {
    if (!res.headersSent) res.writeHead(400, { 'content-type': 'text/html; charset=utf-8' });
    res.end(page(`refused: ${escape(err.message)}`));
  });
}).listen(Number(process.env.PORT), '127.0.0.1');
