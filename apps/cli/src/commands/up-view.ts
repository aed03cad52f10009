/**
 * What `muster up` prints: how the cluster forms, one line per change of membership, what to open and what to try.
 * Keeps only what it needs to tell when the cluster is complete.
 */
import { relative } from 'node:path';
import type { MemberStatus, WatchMessage } from '@muster/contracts';
import { LeadershipView } from '../cluster-client/leadership-view.js';
import { MembershipView } from '../cluster-client/membership-view.js';
import type { CliContext } from '../context.js';
import type { Exit } from '../local-cluster/child.js';
import { spellExit, type StartFailed } from '../local-cluster/local-cluster.js';
import type { ProcessSpec } from '../local-cluster/process-spec.js';
import type { ProcessRow } from '../local-cluster/state-file.js';
import { layOutTable, spellDuration } from '../terminal/layout.js';
import type { Colours, Terminal } from '../terminal/terminal.js';
import { Timeline } from '../terminal/timeline.js';

export interface UpViewOptions {
  readonly home: string;
  readonly specs: readonly ProcessSpec[];
  readonly gatewayUrl: string;
}

const WAITING_NAMES_MAX = 3;

export class UpView {
  private readonly terminal: Terminal;
  private readonly colours: Colours;
  private readonly timeline: Timeline;
  private readonly membership = new MembershipView();
  private readonly leadership = new LeadershipView();
  private readonly expected: readonly string[];
  private readonly startedMs = performance.now();
  private readonly startedUnixMs: number;
  private rows: readonly ProcessRow[] | null = null;
  private isComplete = false;
  private isLost = false;
  private isStopping = false;

  constructor(
    private readonly context: CliContext,
    private readonly options: UpViewOptions,
  ) {
    this.startedUnixMs = context.nowUnixMs();
    this.terminal = context.terminal;
    this.colours = context.terminal.colours;
    this.expected = options.specs.flatMap(({ nodeId }) => (nodeId === null ? [] : [nodeId]));
    this.timeline = new Timeline(this.terminal, Math.max(...options.specs.map(({ name }) => name.length)));
  }

  banner(): void {
    const { bold, dim } = this.colours;
    const folder = relative(this.context.cwd, this.options.home) || '.';
    this.terminal.print();
    this.terminal.print(`  ${bold('Muster')} ${dim(`· a cluster of ${this.options.specs.length} processes on this machine · data in ${folder}`)}`);
    this.terminal.print();
  }

  ready(row: ProcessRow, tookMs: number): void {
    this.note(row.name, this.colours.green('up'), `pid ${row.pid}, after ${spellDuration(tookMs)}`);
    this.showProgress();
  }

  ended(row: ProcessRow, exit: Exit, lastLines: readonly string[]): void {
    const { red } = this.colours;
    const back = `npx muster start ${row.name}`;
    if (exit.signal === 'SIGKILL') this.note(row.name, red('killed'), back);
    else {
      this.note(row.name, red(spellExit(exit)), back);
      this.quote(row.name, lastLines);
    }
  }

  watchMessage(message: WatchMessage): void {
    if (!this.isStopping) this.showLeadership(message);
    for (const change of this.membership.apply(message, this.context.nowUnixMs())) {
      // Coordinators that go on from an earlier run come to know its last changes once they lead.
      if (!this.isStopping && change.atUnixMs >= this.startedUnixMs) this.timeline.change(change);
    }
    this.checkComplete();
  }

  watching(): void {
    if (this.isLost) this.note('', this.colours.green('watching again'), 'a coordinator is back');
    this.isLost = false;
  }

  lostSight(why: string): void {
    if (this.rows === null || this.isStopping) return;
    this.isLost = true;
    this.note('', this.colours.yellow('not watching'), `no coordinator answers: ${why}`);
  }

  /** Every process answers; members may still be joining. */
  allStarted(rows: readonly ProcessRow[]): void {
    this.rows = rows;
    this.checkComplete();
  }

  startFailed(failure: StartFailed): void {
    this.failed(failure.message);
    this.quote(failure.row.name, failure.lastLines);
  }

  failed(message: string): void {
    this.terminal.print();
    this.terminal.complain(`  ${this.colours.red('✗')} ${message}`);
  }

  stopping(): void {
    this.isStopping = true;
    this.terminal.print();
    this.terminal.print(`  ${this.colours.bold('Stopping')} ${this.colours.dim('· members leave first, the bus goes last · Ctrl-C again stops at once')}`);
  }

  stopped(row: ProcessRow, isGraceful: boolean): void {
    if (isGraceful) this.note(row.name, 'stopped', '');
    else this.note(row.name, this.colours.yellow('killed'), 'it did not stop by itself');
  }

  /** One of them, while the others go on. */
  stoppedOne(row: ProcessRow, isGraceful: boolean): void {
    this.note(row.name, this.colours.yellow(isGraceful ? 'stopped' : 'killed: it did not stop by itself'), `npx muster start ${row.name}`);
  }

  bye(): void {
    this.terminal.print();
    this.terminal.print(`  ${this.colours.dim('Everything is stopped. `npm start` goes on from here, `npm start -- --fresh` begins anew.')}`);
  }

  private showLeadership(message: WatchMessage): void {
    const news = this.leadership.apply(message, performance.now());
    switch (news?.kind) {
      case undefined:
        break;
      case 'leads':
        this.note(news.nodeId, this.colours.green('leads'), news.before === null ? `in term ${news.term}` : `in term ${news.term}, after ${news.before}`);
        break;
      case 'quorum-lost':
        this.note('', this.colours.red('no quorum'), 'nothing is decided until most of the coordinators are back; the last view stays');
        break;
      case 'quorum-back':
        this.note('', this.colours.green('quorum again'), 'decisions go on');
        break;
    }
  }

  private note(name: string, what: string, detail: string): void {
    this.timeline.note(this.context.nowUnixMs(), name, what, detail);
  }

  private quote(name: string, lines: readonly string[]): void {
    const file = relative(this.context.cwd, `${this.options.home}/logs/${name}.log`);
    this.terminal.complain(`    ${this.colours.dim(lines.length === 0 ? `It left nothing in ${file}` : `Its last lines, from ${file}:`)}`);
    for (const line of lines) this.terminal.complain(`    ${this.colours.dim('│')} ${line}`);
  }

  private waitingFor(): readonly { readonly nodeId: string; readonly status: MemberStatus | null }[] {
    return this.expected.map((nodeId) => ({ nodeId, status: this.membership.statusOf(nodeId) })).filter(({ status }) => status !== 'HEALTHY');
  }

  private showProgress(): void {
    if (this.isComplete || this.isStopping) return;
    const waiting = this.waitingFor();
    const names = waiting.slice(0, WAITING_NAMES_MAX).map(({ nodeId }) => nodeId);
    const more = waiting.length > names.length ? ` and ${waiting.length - names.length} more` : '';
    const line = `  … ${this.expected.length - waiting.length} of ${this.expected.length} HEALTHY; waiting for ${names.join(', ')}${more}`;
    // A line that wraps could not be taken back.
    this.terminal.progress(this.colours.dim(line.slice(0, (this.terminal.columns ?? line.length + 1) - 1)));
  }

  private expectsSeveral(): boolean {
    return this.options.specs.filter(({ role }) => role === 'coordinator').length > 1;
  }

  private checkComplete(): void {
    if (this.isComplete || this.isStopping) return;
    if (this.rows === null || this.waitingFor().length > 0) {
      this.showProgress();
      return;
    }
    this.isComplete = true;
    this.explain(this.rows);
  }

  /** Shown once, when every member is HEALTHY. */
  private explain(rows: readonly ProcessRow[]): void {
    const { bold, dim, green, cyan } = this.colours;
    const print = (line?: string): void => this.terminal.print(line);
    const leaderId = this.leadership.leaderId;
    const leader = this.expectsSeveral() ? rows.find(({ nodeId }) => nodeId === leaderId) : undefined;
    const victim = rows.find(({ role }) => role === 'producer') ?? rows.find(({ role }) => role === 'node' || role === 'consumer');
    print();
    print(`  ${green('✓')} ${bold(`${this.expected.length} members, all HEALTHY`)} ${dim(`after ${spellDuration(performance.now() - this.startedMs)}`)}`);
    print();
    const urlOf = (row: ProcessRow): string => `${row.httpUrl ?? dim('(local socket)')}${row === leader ? `  ${green('leads')}` : ''}`;
    const table = layOutTable([{ title: 'NAME' }, { title: 'PID', align: 'right' }, { title: 'URL' }], rows.map((row) => [row.name, String(row.pid ?? ''), urlOf(row)]));
    table.forEach((line, at) => print(`    ${at === 0 ? dim(line) : line}`));
    print();
    print(`  Open    ${cyan(`${this.options.gatewayUrl}/cluster/status`)}`);
    if (victim !== undefined) {
      print(`  Try     ${bold(`kill -9 ${victim.pid}`)}  ${dim(`and watch ${victim.name} go; then, in another terminal,`)}`);
      print(`          ${bold(`npx muster start ${victim.name}`)}  ${dim('brings it back')}`);
    }
    if (leader !== undefined) print(`          ${bold(`kill -9 ${leader.pid}`)}  ${dim('and watch another coordinator lead')}`);
    print(`  Look    ${bold('npx muster')} ${dim('status | members | watch | why NODE | ps')}`);
    print(`  Stop    ${bold('Ctrl-C')}`);
    print();
  }
}
