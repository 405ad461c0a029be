// An identity provider of SAML that is not ours: the package samlp, behind a server of a few pages.
//
// `server.js KEY CERTIFICATE ROLE...` listens on a port of 127.0.0.1, which it prints, until its standard input ends.
// `GET /app` is the page of somebody who is signed in and may have each ROLE (a pair with its provider); `?to=` names
// another place to which the response is carried than the sign-in page of AWS, for which it is all the same.
// `GET /response` is the response alone, `?seconds=` its life. `GET /count` says how many responses there were.
'use strict';

const fs = require('fs');
const http = require('http');
const samlp = require('samlp');

const AWS = 'https://signin.aws.amazon.com/saml';
const [key, cert, ...roles] = process.argv.slice(2);
let count = 0;

class Profile {
  getClaims() {
    return {
      'https://aws.amazon.com/SAML/Attributes/Role': roles,
      'https://aws.amazon.com/SAML/Attributes/RoleSessionName': 'me@acme.test',
    };
  }

  getNameIdentifier() {
    return { nameIdentifier: 'me@acme.test', nameIdentifierFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent' };
  }
}

const options = () => ({
  issuer: 'urn:samlp:acme',
  cert: fs.readFileSync(cert),
  key: fs.readFileSync(key),
  audience: 'urn:amazon:webservices',
  destination: AWS,
  recipient: AWS,
  profileMapper: () => new Profile(),
});

// The package wants the answers of a framework; these two words of it are enough.
function dressed(response) {
  response.set = (name, value) => response.setHeader(name, value);
  response.send = (body) => response.end(body);
  return response;
}

const server = http.createServer((request, response) => {
  const url = new URL(request.url, AWS);
  const failed = (error) => response.writeHead(500).end(String(error));
  request.query = {};
  request.user = {};
  switch (url.pathname) {
    case '/app': {
      count += 1;
      const to = url.searchParams.get('to') || AWS;
      const auth = samlp.auth({ ...options(), getPostURL: (_audience, _request, _http, done) => done(null, to) });
      return auth(request, dressed(response), failed);
    }
    case '/response': {
      count += 1;
      const lifetimeInSeconds = Number(url.searchParams.get('seconds') || 300);
      return samlp.getSamlResponse({ ...options(), lifetimeInSeconds }, {}, (error, xml) =>
        error ? failed(error) : response.end(Buffer.from(xml).toString('base64')));
    }
    case '/count':
      return response.end(String(count));
    default:
      return response.writeHead(404).end();
  }
});

server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.on('end', () => process.exit(0)).resume();
