import { ALL_TOPICS, deadLetterTopic, isLive, MEMBER_STATUSES } from './index.js';

test('the topics are the wire: names, partitions, clean-up and retention do not change by accident', () => {
  expect(ALL_TOPICS.map(({ name, partitionCount, cleanup, retentionMs }) => `${name} ${partitionCount} ${cleanup} ${retentionMs}`)).toEqual([
    'cluster.heartbeats 12 delete 3600000',
    'cluster.membership 1 compact null',
    'cluster.events 1 delete 604800000',
    'logs.records 12 delete 259200000',
    'cluster.heartbeats.dead-letter 1 delete 1209600000',
    'cluster.membership.dead-letter 1 delete 1209600000',
    'cluster.events.dead-letter 1 delete 1209600000',
    'logs.records.dead-letter 1 delete 1209600000',
  ]);
});

test('a dead-letter topic is kept longer than what it holds the failures of', () => {
  for (const topic of ALL_TOPICS.filter(({ name }) => !name.endsWith('.dead-letter'))) {
    expect(deadLetterTopic(topic.name).retentionMs).toBeGreaterThan(topic.retentionMs ?? 0);
  }
});

test('only DOWN and LEFT are out of the live set', () => {
  expect(MEMBER_STATUSES.filter((status) => !isLive(status))).toEqual(['DOWN', 'LEFT']);
});
