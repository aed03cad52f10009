/**
 * Set up before each spec file: in continuous integration property tests draw from one seed, so that a result is one of the commit and not of
 * luck; everywhere else each run draws anew, and finds what nobody thought of. `MUSTER_PROPERTY_SEED` repeats a run.
 */
const { CI = '', MUSTER_PROPERTY_SEED: wanted = '' } = process.env;
const isCi = !['', '0', 'false'].includes(CI);
const CI_SEED = 20_261_121;

if (wanted !== '' || isCi) {
  const seed = wanted === '' ? CI_SEED : Number(wanted);
  if (!Number.isInteger(seed)) throw new Error(`MUSTER_PROPERTY_SEED is '${wanted}', and has to be a whole number, as fast-check prints it`);
  const { configureGlobal } = await import('fast-check');
  configureGlobal({ seed });
}
