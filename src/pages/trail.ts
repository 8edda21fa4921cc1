/** Newest acts of the desk, for its lead and for auditors. */
export interface DeskTrailPage {
  rows: readonly {
    /** Number of the event in the audit log. */
    id: string;
    at: string;
    text: string;
    /** ID of the member of staff, or in words who else. */
    by?: string;
    /** ID of whom it concerns. */
    about?: string;
    case?: { id: string; number: string };
    breakGlass: boolean;
    /** It was refused, or did not succeed. */
    bad: boolean;
  }[];
  /** Address of the page with what came before. */
  earlier?: string;
  /** Whether this is the newest page. */
  newest: boolean;
  timeZone: string;
}
