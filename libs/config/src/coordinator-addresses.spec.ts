import { coordinatorAddresses, coordinatorSource } from './coordinator-addresses.js';

const names: Record<string, string[]> = { coordinators: ['10.0.0.1', '10.0.0.2', '2001:db8::1'] };
const resolve = (host: string): Promise<string[]> => (names[host] === undefined ? Promise.reject(new Error('ENOTFOUND')) : Promise.resolve(names[host]));

describe('addresses of coordinators', () => {
  it('takes addresses as they are written, each once', async () => {
    await expect(coordinatorAddresses(['http://a:8081', 'https://b', 'http://a:8081/'], resolve)).resolves.toEqual(['http://a:8081', 'https://b']);
  });

  it('asks for every address of a name behind dns+', async () => {
    await expect(coordinatorAddresses(['dns+http://coordinators:8081'], resolve)).resolves.toEqual(['http://10.0.0.1:8081', 'http://10.0.0.2:8081', 'http://[2001:db8::1]:8081']);
  });

  it('leaves out a name that is not known now, and keeps the others', async () => {
    await expect(coordinatorAddresses(['dns+http://nobody:8081', 'http://a:8081'], resolve)).resolves.toEqual(['http://a:8081']);
  });

  it('is a list that stays as it is, unless a name in it can get other addresses', async () => {
    expect(coordinatorSource(['http://a:8081'])).toEqual(['http://a:8081']);
    const source = coordinatorSource(['http://a:8081', 'dns+http://localhost:1']);
    const found = typeof source === 'function' ? await source() : [];
    expect(found.slice(0, 2)).toEqual(['http://a:8081', expect.stringMatching(/^http:\/\/(127\.0\.0\.1|\[::1\]):1$/)]);
  });

  it('knows the names of the machine it runs on', async () => {
    const found = await coordinatorAddresses(['dns+http://localhost:1']);
    expect(found.every((url) => url === 'http://127.0.0.1:1' || url === 'http://[::1]:1')).toBe(true);
    expect(found.length).toBeGreaterThan(0);
  });
});
