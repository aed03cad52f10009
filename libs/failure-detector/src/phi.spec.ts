import fc from 'fast-check';
import { deviationsAt, PHI_MAX, phiOf } from './phi.js';

const cases: ReadonlyArray<{ phi: number; z: number }> = [
  { phi: 1, z: 1.2822 },
  { phi: 3, z: 3.0589 },
  { phi: 5, z: 4.1192 },
  { phi: 8, z: 5.226 },
  { phi: 12, z: 6.2921 },
  { phi: 16, z: 7.1197 },
];
test.each(cases)('phi $phi is reached $z deviations past the expected gap', ({ phi, z }) => {
  expect(deviationsAt(phi)).toBeCloseTo(z, 4);
  expect(phiOf(z)).toBeCloseTo(phi, 2);
});

test('the closed inverse gives back phi over the whole range that is shown', () => {
  fc.assert(fc.property(fc.double({ min: 0.01, max: PHI_MAX, noNaN: true }), (phi) => Math.abs(phiOf(deviationsAt(phi)) - phi) <= 1e-9 * Math.max(1, phi)));
});

test('phi grows with silence, is never negative and never beyond what JSON can hold', () => {
  fc.assert(
    fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.double({ min: 0, max: 1e6, noNaN: true }), (z, more) => {
      const [phi, later] = [phiOf(z), phiOf(z + more)];
      return phi >= 0 && later >= phi && later <= PHI_MAX;
    }),
  );
});
