/** Newest acts of the desk, for its lead and for auditors. */
export interface DeskTrailPage {
  rows: readonly {
    /** Number of the event in the audit log. */
    id: string;
    at: string;
    text: string;
    /** ID of the member of staff, or another actor in words. */
    by?: string;
    /** ID of the account concerned. */
    about?: string;
    case?: { id: string; number: string };
    breakGlass: boolean;
    /** It was refused, or did not succeed. */
    bad: boolean;
  }[];
  /** URL of the page with earlier acts. */
  earlier?: string;
  /** Whether this is the newest page. */
  newest: boolean;
  timeZone: string;
}
