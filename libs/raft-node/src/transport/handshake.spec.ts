/** Who may talk to whom, and that nobody can pretend. */
import { Callee, Caller, decodeHandshake, encodeHandshake, type HandshakeMessage, type Identity, type Own } from './handshake.js';

const identityOf = (nodeId: string, clusterId = 'one'): Identity => ({ clusterId, nodeId, storeId: `store of ${nodeId}`, address: `${nodeId}:1` });
const member = (nodeId: string, more: Partial<Own> = {}): Own => ({ identity: identityOf(nodeId), secret: 's', admits: () => null, ...more });

/** As on the wire. */
const sent = (message: HandshakeMessage): HandshakeMessage => decodeHandshake(Buffer.from(encodeHandshake(message)));

function meet(a: Own, b: Own, to = b.identity.nodeId): Identity {
  const caller = new Caller(a, to);
  const callee = new Callee(b);
  const answer = caller.next(sent(callee.welcome(sent(caller.hello()))));
  return callee.confirmed(sent(answer as HandshakeMessage));
}

test('two members of a cluster come to know each other', () => {
  expect(meet(member('a'), member('b'))).toEqual(identityOf('a'));
});

test.each([
  { name: 'another secret', a: member('a'), b: member('b', { secret: 'other' }), says: 'does not know the secret of the cluster' },
  { name: 'another cluster', a: member('a'), b: member('b', { identity: identityOf('b', 'two') }), says: "'b' belongs to the cluster two, 'a' to one" },
  { name: 'the same name', a: member('a'), b: member('a'), says: "two members are called 'a'" },
  { name: 'somebody whom the caller does not admit', a: member('a', { admits: () => 'its disk was wiped' }), b: member('b'), says: 'its disk was wiped' },
  { name: 'somebody who does not admit the caller', a: member('a'), b: member('b', { admits: ({ storeId }) => `${storeId} was removed` }), says: 'store of a was removed' },
])('$name is refused with the reason', ({ a, b, says }) => {
  expect(() => meet(a, b)).toThrow(says);
});

test('who was called by mistake says who it is', () => {
  expect(() => meet(member('a'), member('b'), 'c')).toThrow("this is 'b', not 'c': correct the address");
});

test('a proof can be neither replayed nor thrown back', () => {
  const caller = new Caller(member('a'), 'b');
  const callee = new Callee(member('b'));
  const welcome = callee.welcome(caller.hello());
  const confirm = caller.next(welcome);
  const later = new Callee(member('b'));
  later.welcome(caller.hello());
  expect(() => later.confirmed(confirm as HandshakeMessage)).toThrow('does not know the secret');
  expect(() => callee.confirmed({ kind: 'confirm', proof: (welcome as { proof: string }).proof })).toThrow('does not know the secret');
});

test('a callee that claims to accept without a proof is not believed', () => {
  expect(() => new Caller(member('a'), 'b').next({ kind: 'accepted' })).toThrow("it answered a hello with 'accepted'");
});

test('another version is refused in words', () => {
  const hello = { ...new Caller(member('a'), 'b').hello(), version: 2 } as HandshakeMessage;
  expect(() => new Callee(member('b')).welcome(hello)).toThrow('it speaks version 2, this member version 1');
});
