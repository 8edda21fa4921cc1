/** One plot of the centre's figures and its table, which show the same numbers. */
export interface FigurePlot {
  id: 'month' | 'state' | 'reason' | 'method' | 'source';
  title: string;
  /** The heading of its table's first column. */
  column: string;
  /** The parts of a bar, in words; one for a bar without parts. */
  parts: readonly { name: string; pattern: BarPattern }[];
  rows: readonly {
    name: string;
    /** One number for each part. */
    values: readonly number[];
    total: number;
    /** Per cent of the plot's width. */
    bars: readonly { x: number; width: number; pattern: BarPattern }[];
  }[];
}

/** Distinguished without colour: filled, striped, outlined. */
export type BarPattern = 'filled' | 'striped' | 'outlined';

export interface DeskFiguresPage {
  /** YYYY-MM, and both in words. */
  period: { from: string; to: string; words: string };
  /** Months to choose from. */
  months: readonly { value: string; name: string }[];
  /** The present state, independent of the period; durations in words. */
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
  /** URL of the file with the same numbers. */
  csv: string;
  timeZone: string;
}
