// Whether an assertion is signed by the key of a certificate: by xml-crypto, which samlp signs with.
//
// `verify.js CERTIFICATE` reads a response in base64 from its standard input. It ends with 0 where the one assertion in it is
// signed, itself or with the whole response, and no signature is wrong; else with 1, and says why.
'use strict';

const fs = require('fs');
const { SignedXml, xpath } = require('xml-crypto');
const { DOMParser } = require('@xmldom/xmldom');

const DSIG = 'http://www.w3.org/2000/09/xmldsig#';

function reasonAgainst(xml, certificate) {
  const document = new DOMParser().parseFromString(xml, 'text/xml');
  const assertions = xpath(document, "//*[local-name(.)='Assertion']");
  if (assertions.length !== 1) return `there are ${assertions.length} assertions`;
  const covering = [assertions[0], document.documentElement].map((element) => `#${element.getAttribute('ID')}`);
  const signatures = xpath(document, `//*[local-name(.)='Signature' and namespace-uri(.)='${DSIG}']`);
  let covered = false;
  for (const signature of signatures) {
    const signed = new SignedXml();
    signed.keyInfoProvider = { getKeyInfo: () => '', getKey: () => certificate };
    signed.loadSignature(signature);
    if (!signed.checkSignature(xml)) return `a signature is wrong: ${signed.validationErrors.join('; ')}`;
    covered = covered || signed.references.some((reference) => covering.includes(reference.uri));
  }
  return covered ? null : `none of ${signatures.length} signatures is about the assertion`;
}

let reason;
try {
  const xml = Buffer.from(fs.readFileSync(0, 'utf8'), 'base64').toString('utf8');
  reason = reasonAgainst(xml, fs.readFileSync(process.argv[2], 'utf8'));
} catch (error) {
  reason = String(error);
}
if (reason) {
  console.error(reason);
  process.exit(1);
}
