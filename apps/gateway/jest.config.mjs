import preset from '../../jest.preset.mjs';

/** Tests on real sockets and timers are patient, because the machine may be busy. */
export default { ...preset, setupFiles: ['reflect-metadata'] };
