/** Version of the wording that app-only users acknowledge (R23): raise it when the text changes. */
export const acknowledgementVersion = '2026-11';
