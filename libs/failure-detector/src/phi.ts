/**
 * φ, the suspicion of Hayashibara's accrual detector, in the logistic approximation that Akka uses, and its inverse.
 *
 * With k(z) = z·(1.5976 + 0.070566·z²), the chance that a gap exceeds z deviations is taken as 1 / (1 + e^k); φ is its
 * negative decimal logarithm. The inverse is closed: k(z) = K is a depressed cubic with one real root (Cardano).
 */

const A = 1.5976;
const B = 0.070566;
/** φ is shown up to here: infinity has no JSON. */
export const PHI_MAX = 300;

/** φ of a silence that lies `z` deviations past the expected gap. 0..300. */
export function phiOf(z: number): number {
  // Where e^k overflows, φ is beyond what is shown.
  return Math.min(Math.log1p(Math.exp(z * (A + B * z * z))) / Math.LN10, PHI_MAX);
}

/** How many deviations past the expected gap φ reaches `phi`. The inverse of `phiOf`, for 0 < phi <= 300. */
export function deviationsAt(phi: number): number {
  const k = Math.log(Math.expm1(phi * Math.LN10));
  const third = A / B / 3;
  const half = k / B / 2;
  const root = Math.sqrt(half * half + third * third * third);
  // One of the two roots cancels; the product of both is -third, so the other follows from the larger without loss.
  const large = Math.cbrt(Math.abs(half) + root);
  return Math.sign(half) * (large - third / large);
}
