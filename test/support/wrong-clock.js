// `node --import` this: the process then has a clock that is wrong by WRONG_CLOCK_MS, and by
// STEPPED_CLOCK_MS from its SIGUSR2 on, as a clock that is set while a node runs.
let offset = Number(process.env.WRONG_CLOCK_MS ?? 0);
const RealDate = Date;

process.on('SIGUSR2', () => {
  offset = Number(process.env.STEPPED_CLOCK_MS ?? 0);
});

globalThis.Date = class Date extends RealDate {
  constructor(...values) {
    if (values.length === 0) super(RealDate.now() + offset);
    else super(...values);
  }
  static now() {
    return RealDate.now() + offset;
  }
};
