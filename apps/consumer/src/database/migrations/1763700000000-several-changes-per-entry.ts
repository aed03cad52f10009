/** One log entry may change a member more than once: its latest state is known by the place in the entry as well. */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class SeveralChangesPerEntry1763700000000 implements MigrationInterface {
  readonly name = 'SeveralChangesPerEntry1763700000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE member_state ADD COLUMN log_ordinal int NOT NULL DEFAULT 0');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE member_state DROP COLUMN log_ordinal');
  }
}
