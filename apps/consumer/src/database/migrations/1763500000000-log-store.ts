/** The first tables: log records, cluster events, the latest state of members, positions on the bus. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

const STATEMENTS = [
  `CREATE TABLE bus_position (
    consumer_group text NOT NULL,
    topic text NOT NULL,
    topic_partition int NOT NULL,
    topic_generation int NOT NULL DEFAULT 0,
    next_offset bigint,
    epoch bigint NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer_group, topic, topic_partition)
  ) WITH (fillfactor = 50)`,
  `CREATE TABLE log_record (
    id uuid NOT NULL PRIMARY KEY,
    time timestamptz NOT NULL,
    level text NOT NULL,
    service text NOT NULL,
    source text NOT NULL,
    producer_id text NOT NULL,
    message text NOT NULL,
    attributes jsonb NOT NULL,
    topic text NOT NULL,
    topic_generation int NOT NULL,
    topic_partition int NOT NULL,
    topic_offset bigint NOT NULL,
    UNIQUE (topic, topic_generation, topic_partition, topic_offset)
  )`,
  'CREATE INDEX log_record_time ON log_record (time DESC, id DESC)',
  'CREATE INDEX log_record_service_time ON log_record (service, time DESC, id DESC)',
  `CREATE INDEX log_record_trouble_time ON log_record (level, time DESC, id DESC) WHERE level IN ('warn', 'error', 'fatal')`,
  `CREATE TABLE cluster_event (
    event_id text NOT NULL,
    time timestamptz NOT NULL,
    term bigint NOT NULL,
    log_index bigint NOT NULL,
    node_id text NOT NULL,
    to_status text NOT NULL,
    event jsonb NOT NULL,
    topic text NOT NULL,
    topic_generation int NOT NULL,
    topic_partition int NOT NULL,
    topic_offset bigint NOT NULL,
    PRIMARY KEY (event_id, time),
    UNIQUE (topic, topic_generation, topic_partition, topic_offset)
  )`,
  'CREATE INDEX cluster_event_time ON cluster_event (time DESC, event_id DESC)',
  'CREATE INDEX cluster_event_node_time ON cluster_event (node_id, time DESC, event_id DESC)',
  `CREATE TABLE member_state (
    node_id text NOT NULL PRIMARY KEY,
    incarnation bigint NOT NULL,
    term bigint NOT NULL,
    log_index bigint NOT NULL,
    status text NOT NULL,
    member jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
  )`,
];

/** Substring search by trigrams where the server has them; without, a search reads the rows of its time range. */
const TRIGRAMS = `DO $$ BEGIN
  CREATE EXTENSION IF NOT EXISTS pg_trgm;
  EXECUTE 'CREATE INDEX log_record_message_trigrams ON log_record USING gin (message gin_trgm_ops)';
EXCEPTION WHEN OTHERS THEN
  RAISE NOTICE 'no trigram index: %', SQLERRM;
END $$`;

export class LogStore1763500000000 implements MigrationInterface {
  readonly name = 'LogStore1763500000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
    await runner.query(TRIGRAMS);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['member_state', 'cluster_event', 'log_record', 'bus_position']) await runner.query(`DROP TABLE ${table}`);
  }
}
