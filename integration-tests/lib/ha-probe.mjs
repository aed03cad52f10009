/**
 * One question each about the group of coordinators, asked again until it is answered well or time is up. The answer is JSON on stdout, what
 * is missing goes to stderr; exit code 0, or 1 when time is up.
 *
 *   ha-probe.mjs agreed      who leads, once all of --coordinators agree on it; with --not NAME on somebody else
 *   ha-probe.mjs caught-up   --node NAME votes again and has applied what is committed now
 *   ha-probe.mjs agents      all members beat to --node NAME since --since, and have a direct lane to it; with --not NAME all but that one
 *   ha-probe.mjs written     the first change acknowledged that was asked for after --since, from --facts
 *   ha-probe.mjs kept        every change acknowledged since the last `kept` is in the history of each coordinator, from --facts
 *   ha-probe.mjs stored      every change acknowledged is in --events (JSON, as the consumer stored them) exactly once
 *   ha-probe.mjs read-only   --node NAME refuses changes, says that it has no quorum, and answers stale reads
 *
 * All take --coordinators NAME=URL,… and --within MS.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { doubledChanges, lostChanges, strangersTo } from './ha-judge.mjs';
import { ask, hangUp } from './http.mjs';

const LOOK_EVERY_MS = 50;
const ANSWER_MS_MAX = 5000;
const PAGE = 1000;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: Object.fromEntries(['coordinators', 'within', 'not', 'node', 'since', 'facts', 'events'].map((name) => [name, { type: 'string' }])),
});
const coordinators = options.coordinators.split(',').map((each) => ({ nodeId: each.slice(0, each.indexOf('=')), url: each.slice(each.indexOf('=') + 1) }));
const sinceUnixMs = Number(options.since ?? 0);
const urlOf = (nodeId) => coordinators.find((each) => each.nodeId === nodeId)?.url;

async function getJson(url) {
  const { code, text } = await ask(url, 'GET', undefined, ANSWER_MS_MAX);
  if (code !== 200) throw new Error(`GET ${url} answered ${code}: ${text.slice(0, 200)}`);
  return JSON.parse(text);
}
const facts = () => readFileSync(options.facts, 'utf8').split('\n').filter((line) => line.endsWith('}')).map((line) => JSON.parse(line));
const missing = (text) => ({ missing: text });

async function agreed() {
  const all = await Promise.all(coordinators.map(({ url }) => getJson(`${url}/raft/status`)));
  const leader = all.find(({ state }) => state === 'leader');
  const views = all.map(({ nodeId, state, term, leaderId }) => `${nodeId} is ${state} in term ${term} under ${leaderId}`).join('; ');
  const isAgreed = leader !== undefined && leader.nodeId !== options.not && all.every(({ term, leaderId, hasQuorum }) => leaderId === leader.nodeId && term === leader.term && hasQuorum);
  if (!isAgreed) return missing(`no agreement on a leader: ${views}`);
  return { leaderId: leader.nodeId, term: leader.term, afterMs: Date.now() - sinceUnixMs, clusterId: leader.clusterId, voters: leader.peers.filter(({ voter }) => voter).map(({ nodeId }) => nodeId), commitIndex: leader.commitIndex };
}

async function caughtUp() {
  const own = await getJson(`${urlOf(options.node)}/raft/status`);
  const all = await Promise.all(coordinators.map(({ url }) => getJson(`${url}/raft/status`)));
  const leader = all.find(({ state }) => state === 'leader');
  if (leader === undefined) return missing('nobody leads');
  const isVoter = leader.peers.some(({ nodeId, voter }) => nodeId === options.node && voter);
  goal ??= leader.commitIndex;
  if (!isVoter || own.appliedIndex < goal || !['leader', 'follower'].includes(own.state)) return missing(`${options.node} is ${own.state}, ${isVoter ? 'votes' : 'does not vote'}, and has applied ${own.appliedIndex} of ${goal}. ${own.detail}`);
  return { appliedIndex: own.appliedIndex, afterMs: Date.now() - sinceUnixMs };
}
let goal;

async function agents() {
  const url = urlOf(options.node);
  const { membership } = await getJson(`${url}/cluster/status?consistency=leader`);
  const { text } = await ask(`${url}/metrics`, 'GET', undefined, ANSWER_MS_MAX);
  const lanesOpen = Number(/^coordinator_lanes_open(?:\{[^}]*\})? (\d+)/m.exec(text)?.[1] ?? 0);
  const strangers = strangersTo({ leaderId: options.node, membership, lanesOpen, sinceUnixMs, except: options.not });
  return strangers.length > 0 ? missing(strangers.join('; ')) : { afterMs: Date.now() - sinceUnixMs, members: Object.keys(membership).length - 1, lanesOpen };
}

function written() {
  const ofThen = facts().filter(({ startedUnixMs }) => startedUnixMs >= sinceUnixMs);
  const first = ofThen.find(({ kind }) => kind === 'acknowledged');
  if (first !== undefined) return { afterMs: first.atUnixMs - sinceUnixMs, via: first.via, term: first.term };
  const last = ofThen.findLast(({ kind }) => kind === 'unacknowledged');
  return missing(`no change was acknowledged; the last refusal: ${last === undefined ? 'none' : `${last.via}: ${last.text}`}`);
}

async function kept() {
  const told = facts();
  const checked = told.findLast(({ kind }) => kind === 'kept')?.lastIndex ?? 0;
  const acknowledged = told.filter(({ kind, index }) => kind === 'acknowledged' && index > checked);
  if (acknowledged.length === 0) return { changes: 0 };
  const indexes = acknowledged.map(({ index }) => index);
  const lastIndex = Math.max(...indexes);
  for (const { nodeId, url } of coordinators) {
    const lost = lostChanges(acknowledged, await history(url, Math.min(...indexes) - 1, lastIndex), nodeId);
    if (lost.length > 0) return missing(lost.join('; '));
  }
  appendFileSync(options.facts, `${JSON.stringify({ atUnixMs: Date.now(), kind: 'kept', lastIndex, changes: acknowledged.length })}\n`);
  return { changes: acknowledged.length };
}

async function history(url, after, upTo) {
  const events = [];
  for (let since = after; since < upTo; ) {
    const page = await getJson(`${url}/cluster/events?format=json&limit=${PAGE}&since=${since}`);
    events.push(...page.events);
    if (page.nextSince <= since) break;
    since = page.nextSince;
  }
  return events;
}

function stored() {
  const acknowledged = facts().filter(({ kind }) => kind === 'acknowledged');
  const events = JSON.parse(readFileSync(options.events, 'utf8'));
  const broken = [...lostChanges(acknowledged, events, 'the consumer'), ...doubledChanges(events, 'the consumer')];
  return broken.length > 0 ? missing(broken.join('; ')) : { changes: acknowledged.length };
}

async function readOnly() {
  const url = urlOf(options.node);
  const raft = await getJson(`${url}/raft/status`);
  if (raft.hasQuorum || raft.state === 'leader') return missing(`${options.node} still says ${raft.state}, quorum ${raft.hasQuorum}`);
  const order = await ask(`${url}/cluster/members/${options.node}/cordon`, 'POST', { reason: 'a minority must refuse this', by: 'test-ha-cluster' });
  if (order.code !== 503) return missing(`${options.node} answers an order with ${order.code} without a quorum: ${order.text.slice(0, 200)}`);
  const linearizable = await ask(`${url}/cluster/status?consistency=linearizable`);
  if (linearizable.code !== 503) return missing(`${options.node} answers a linearizable read with ${linearizable.code} without a quorum`);
  const stale = await ask(`${url}/cluster/status`);
  const { hasQuorum, membership } = JSON.parse(stale.text);
  if (stale.code !== 200 || hasQuorum !== false) return missing(`${options.node} answers a stale read with ${stale.code}, hasQuorum ${hasQuorum}`);
  return { afterMs: Date.now() - sinceUnixMs, code: JSON.parse(order.text).code, members: Object.keys(membership).length };
}

const question = { agreed, 'caught-up': caughtUp, agents, written, kept, stored, 'read-only': readOnly }[positionals[0]];
if (question === undefined) {
  process.stderr.write(`ha-probe: there is no question "${positionals[0]}"\n`);
  process.exit(2);
}
const endMs = performance.now() + Number(options.within);
for (;;) {
  const answer = await Promise.resolve().then(question).catch((error) => missing(error.message));
  if (answer.missing === undefined) {
    console.log(JSON.stringify(answer));
    break;
  }
  if (performance.now() > endMs) {
    process.stderr.write(`    ${answer.missing}\n`);
    process.exitCode = 1;
    break;
  }
  await pause(LOOK_EVERY_MS);
}
hangUp();
