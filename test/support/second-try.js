import { jest } from '@jest/globals';

// Where a change is judged on a machine shared with others, a test that meets a moment of the clock or a
// starved process is run once more, and what it met is printed. A real fault fails both times.
if (process.env.CI === 'true') jest.retryTimes(1, { logErrorsBeforeRetry: true });
