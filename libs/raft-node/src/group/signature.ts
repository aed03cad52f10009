/** Proves that a text comes from somebody who knows the secret of the cluster. What it is for is part of it: one proof is no other. */
import { createHmac, timingSafeEqual } from 'node:crypto';

export type Purpose = 'introduction' | 'join';

/** `nonce` is what the other side made up, so that what was signed once cannot be shown again. */
export function signatureOf(secret: string, purpose: Purpose, nonce: string, text: string): string {
  return createHmac('sha256', secret)
    .update(JSON.stringify(['muster', purpose, nonce, text]))
    .digest('hex');
}

export function isSigned(signature: string | null, secret: string, purpose: Purpose, nonce: string, text: string): boolean {
  const given = Buffer.from(signature ?? '');
  const expected = Buffer.from(signatureOf(secret, purpose, nonce, text));
  return given.byteLength === expected.byteLength && timingSafeEqual(given, expected);
}
