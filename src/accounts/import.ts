import type { Readable } from 'node:stream';
import type { Sealer } from '../base/sealing.ts';
import type { Db } from '../db/open.ts';
import { applyEnds } from './ended-accounts.ts';
import { readCsvRecords } from './import/csv-records.ts';
import { lockExisting } from './import/existing.ts';
import { hashPasswords } from './import/hash-passwords.ts';
import {
  type CanonicalAddress,
  type ImportColumn,
  ImportRefusedError,
  type ImportRow,
  readHeader,
  readRow,
} from './import/import-row.ts';
import { planRow, type RowPlan } from './import/plan-row.ts';
import { openImportDigests } from './import/memory.ts';
import { type FactorsCame, importedAppName, type TellOfFactors, writePlans } from './import/write-plans.ts';
import type { PasswordHasher } from './password-hasher.ts';

export { type CanonicalAddress, type FactorsCame, importedAppName, ImportRefusedError, type TellOfFactors };

export interface ImportReport {
  imported: number;
  updated: number;
  unchanged: number;
  /** Lines of which nothing was imported, by number (the header is line 1), with all their errors. */
  bad: { line: number; reasons: string[] }[];
  /** Lines that were imported except for something that the account has newer. */
  kept: { line: number; notes: string[] }[];
}

interface Dependencies {
  db: Db;
  hasher: PasswordHasher;
  sealer: Sealer;
  /** CSV, UTF-8. */
  source: Readable;
  /** `cli:<user>` or an account's id, for the audit log. */
  actor: string;
  canonicalAddress: CanonicalAddress;
  /** Writes the mails about factors that are added to existing accounts. */
  tellOfFactors?: TellOfFactors;
  /**
   * The time zone in which a day of `ends_at` ends; when omitted, the nodes end what is due shortly after.
   */
  timeZone?: string;
  /** Called after each batch with what is done so far. */
  onProgress?: (report: Readonly<ImportReport>) => void;
  /** Rows per transaction. */
  batchSize?: number;
}

// Errors with which a parallel change of the same accounts ends a transaction, which is then repeated.
const contention = new Set(['23505', '40001', '40P01']);

/**
 * Imports accounts from a CSV file: streaming, in batches of one transaction each, so that running the same
 * file again finishes an interrupted run. A line is imported whole or not at all, and only what it says for
 * the first time: what was changed elsewhere since stays as it is.
 * @throws ImportRefusedError before anything is imported, when the first line is not valid.
 * @throws the database's own error; the batches before it stay.
 */
export async function importAccounts(dependencies: Dependencies): Promise<ImportReport> {
  const { db, hasher, sealer, source, actor, canonicalAddress, onProgress, batchSize = 500 } = dependencies;
  const { tellOfFactors, timeZone } = dependencies;
  const digests = await openImportDigests(db, sealer);
  const needsRehash = (phc: string): boolean => hasher.needsRehash(phc);
  const report: ImportReport = { imported: 0, updated: 0, unchanged: 0, bad: [], kept: [] };
  const lineOf = new Map<string, number>();
  let columns: ImportColumn[] | undefined;
  let batch: ImportRow[] = [];

  async function importBatch(): Promise<void> {
    const rows = batch;
    batch = [];
    if (rows.length === 0) return;
    const hashed = await hashPasswords(db, hasher, digests, rows);
    const writeBatch = async (): Promise<ReturnType<typeof planRow>[]> =>
      db.transaction().execute(async (trx) => {
        const existing = await lockExisting(trx, sealer, rows);
        const plans = rows.map((row) =>
          planRow(row, existing.get(row.loginId), hashed.get(row.loginId), digests, needsRehash),
        );
        await writePlans(
          trx,
          sealer,
          plans.filter((plan): plan is RowPlan => 'row' in plan),
          actor,
          tellOfFactors,
        );
        const moved = plans.flatMap((plan) =>
          'row' in plan && plan.changes.includes('ends_at') ? [plan.accountId] : [],
        );
        if (timeZone !== undefined && moved.length > 0)
          await applyEnds(trx, { timeZone, accountIds: moved, actor });
        return plans;
      });
    const plans = await again(writeBatch);
    for (const [index, plan] of plans.entries()) {
      const line = rows[index]?.line ?? 0;
      if ('reason' in plan) report.bad.push({ line, reasons: [plan.reason] });
      else {
        if (plan.isNew) report.imported += 1;
        else if (plan.changes.length > 0) report.updated += 1;
        else report.unchanged += 1;
        if (plan.kept.length > 0) report.kept.push({ line, notes: [...plan.kept] });
      }
    }
    onProgress?.(report);
  }

  for await (const record of readCsvRecords(source)) {
    if (columns === undefined) {
      if ('problem' in record) throw new ImportRefusedError(`in the first line ${record.problem}`);
      columns = readHeader(record.fields);
      continue;
    }
    if ('problem' in record) {
      report.bad.push({ line: record.line, reasons: [record.problem] });
      continue;
    }
    // What a spreadsheet leaves below its last row.
    if (record.fields.every((field) => field.trim() === '')) continue;
    const row = readRow(record.line, record.fields, columns, canonicalAddress);
    const reasons = 'reasons' in row ? row.reasons : [];
    // Of two lines for one ID it is unclear which is meant: the first counts, good or bad.
    const earlier = row.loginId === undefined ? undefined : lineOf.get(row.loginId);
    if (earlier !== undefined) reasons.push(`the same ID stands in line ${earlier}`);
    else if (row.loginId !== undefined) lineOf.set(row.loginId, record.line);
    if (reasons.length > 0) report.bad.push({ line: record.line, reasons });
    else if (!('reasons' in row)) batch.push(row);
    if (batch.length >= batchSize) await importBatch();
  }
  if (columns === undefined)
    throw new ImportRefusedError('the file is empty: its first line must name the columns');
  await importBatch();
  report.bad.sort((a, b) => a.line - b.line);
  return report;
}

async function again<Result>(work: () => Promise<Result>, tries = 5): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const code = typeof error === 'object' && error !== null ? (error as { code?: unknown }).code : undefined;
    if (tries > 1 && typeof code === 'string' && contention.has(code)) return again(work, tries - 1);
    throw error;
  }
}
