/** One plot of the centre's figures and its table: both say the same. */
export interface FigurePlot {
  id: 'month' | 'state' | 'reason' | 'method' | 'source';
  title: string;
  /** What its table's first column is. */
  column: string;
  /** What the parts of a bar are, in words; one for a bar without parts. */
  parts: readonly { name: string; pattern: BarPattern }[];
  rows: readonly {
    name: string;
    /** One number for each part. */
    values: readonly number[];
    total: number;
    /** Of the plot's width, in per cent. */
    bars: readonly { x: number; width: number; pattern: BarPattern }[];
  }[];
}

/** Told apart without colour: filled, striped, outlined. */
export type BarPattern = 'filled' | 'striped' | 'outlined';

export interface DeskFiguresPage {
  /** YYYY-MM, and both in words. */
  period: { from: string; to: string; words: string };
  /** Months to choose from. */
  months: readonly { value: string; name: string }[];
  /** At this moment, whatever the period; spans in words. */
  now: { at: string; waiting: number; oldest?: string; passesOut: number };
  numbers: {
    cases: number;
    passes: number;
    twoPeople: number;
    breakGlass: number;
    filingToCheck?: string;
    checkToPass?: string;
  };
  /** None where no case was filed in the period. */
  plots: readonly FigurePlot[];
  /** Address of the file with the same numbers. */
  csv: string;
  timeZone: string;
}
