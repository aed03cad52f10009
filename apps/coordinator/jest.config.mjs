import preset from '../../jest.preset.mjs';

/** Groups of three, in one process or in four, take their time on a machine that is busy with other things. */
export default { ...preset, setupFiles: ['reflect-metadata'], testTimeout: 180_000 };
