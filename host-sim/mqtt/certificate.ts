/**
 * Makes a self-signed X.509 certificate (RFC 5280) for a broker on a local network, with an ECDSA
 * P-256 key. The certificate is its own authority: clients are given it as their CA.
 */
import { generateKeyPairSync, sign, X509Certificate } from "node:crypto";
import { isIPv4 } from "node:net";

const TAG = {
  BOOLEAN: 0x01,
  INTEGER: 0x02,
  BITS: 0x03,
  OCTETS: 0x04,
  OID: 0x06,
  UTF8: 0x0c,
  TIME: 0x18,
  SEQUENCE: 0x30,
  SET: 0x31,
  DNS: 0x82,
  IP: 0x87,
  VERSION: 0xa0,
  EXTENSIONS: 0xa3,
} as const;
/** Object identifiers, encoded. */
const OID = {
  ecdsaWithSha256: "2a8648ce3d040302",
  commonName: "550403",
  subjectAltName: "551d11",
  basicConstraints: "551d13",
} as const;
/** A board has no wall clock, so the period does not protect; it only has to contain today. */
const PERIOD = ["20240101000000Z", "20991231235959Z"] as const;

/** One DER element. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const digits = body.length.toString(16);
  const length = Buffer.from(digits.padStart(digits.length + (digits.length % 2), "0"), "hex");
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, body]);
}

const oid = (name: keyof typeof OID) => der(TAG.OID, Buffer.from(OID[name], "hex"));

function extension(name: keyof typeof OID, critical: boolean, value: Buffer): Buffer {
  const flag = critical ? [der(TAG.BOOLEAN, Buffer.from([0xff]))] : [];
  return der(TAG.SEQUENCE, oid(name), ...flag, der(TAG.OCTETS, value));
}

/**
 * The names that clients may connect to. An IPv4 address is given twice: Node wants it as an
 * address, older versions of Mbed TLS compare it as a name.
 */
function namesOf(hosts: readonly string[]): Buffer {
  const names = hosts.map((host) => der(TAG.DNS, Buffer.from(host)));
  const addresses = hosts
    .filter((host) => isIPv4(host))
    .map((host) => der(TAG.IP, Buffer.from(host.split(".").map(Number))));
  return der(TAG.SEQUENCE, ...names, ...addresses);
}

/** Makes a key and its certificate, in PEM. `serial`: 16 random bytes. */
export function makeCertificate(
  hosts: readonly string[],
  serial: Uint8Array,
): { key: string; cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = der(TAG.SEQUENCE, oid("ecdsaWithSha256"));
  const name = der(
    TAG.SEQUENCE,
    der(TAG.SET, der(TAG.SEQUENCE, oid("commonName"), der(TAG.UTF8, Buffer.from("killswitch")))),
  );
  const extensions = der(
    TAG.SEQUENCE,
    extension("basicConstraints", true, der(TAG.SEQUENCE, der(TAG.BOOLEAN, Buffer.from([0xff])))),
    extension("subjectAltName", false, namesOf(hosts)),
  );
  const body = der(
    TAG.SEQUENCE,
    der(TAG.VERSION, der(TAG.INTEGER, Buffer.from([2]))),
    // A leading 1 keeps the number positive and of full length.
    der(TAG.INTEGER, Buffer.from([1]), serial),
    algorithm,
    name,
    der(TAG.SEQUENCE, ...PERIOD.map((time) => der(TAG.TIME, Buffer.from(time)))),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(TAG.EXTENSIONS, extensions),
  );
  const signature = sign("sha256", body, privateKey);
  const bits = der(TAG.BITS, Buffer.from([0]), signature);
  const text = der(TAG.SEQUENCE, body, algorithm, bits).toString("base64");
  const lines = text.match(/.{1,64}/g) ?? [];
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`,
  };
}

/** Whether a certificate (PEM) is valid for a host: a name, or an IPv4 address. */
export function isValidFor(cert: string, host: string): boolean {
  const parsed = new X509Certificate(cert);
  return (isIPv4(host) ? parsed.checkIP(host) : parsed.checkHost(host)) !== undefined;
}
