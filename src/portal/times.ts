export { createTimes, type Times } from '../i18n/times.ts';
