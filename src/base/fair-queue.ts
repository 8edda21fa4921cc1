/** A queue that serves each source in turn, however many items one source has queued. */
export interface FairQueue<Item> {
  /**
   * @returns the item to drop when the queue is full: the newest of the source with the most items. It is the
   *   new item itself where that source is its own.
   */
  push(source: string, item: Item): Item | undefined;
  shift(): Item | undefined;
  /** Removes an item that no longer waits. */
  remove(source: string, item: Item): void;
  /** Whether a new item of this source would be dropped at once. */
  isFullFor(source: string): boolean;
  readonly length: number;
}

export function createFairQueue<Item>(most: number): FairQueue<Item> {
  // In serving order: a source that was served moves to the end.
  const sources = new Map<string, Item[]>();
  let length = 0;

  function longest(): [string, Item[]] | undefined {
    let found: [string, Item[]] | undefined;
    for (const entry of sources) if (found === undefined || entry[1].length > found[1].length) found = entry;
    return found;
  }

  function isFullFor(source: string): boolean {
    if (length < most) return false;
    return (sources.get(source)?.length ?? 0) + 1 >= (longest()?.[1].length ?? 0);
  }

  function remove(source: string, item: Item): void {
    const items = sources.get(source);
    const at = items?.indexOf(item) ?? -1;
    if (items === undefined || at < 0) return;
    items.splice(at, 1);
    length -= 1;
    if (items.length === 0) sources.delete(source);
  }

  return {
    push(source, item) {
      if (isFullFor(source)) return item;
      const items = sources.get(source) ?? [];
      items.push(item);
      sources.set(source, items);
      length += 1;
      if (length <= most) return undefined;
      const [heaviest, lined] = longest() ?? [source, items];
      const last = lined.at(-1);
      if (last !== undefined) remove(heaviest, last);
      return last;
    },
    shift() {
      const [first] = sources;
      if (first === undefined) return undefined;
      const [source, items] = first;
      const item = items.shift();
      length -= 1;
      sources.delete(source);
      if (items.length > 0) sources.set(source, items);
      return item;
    },
    remove,
    isFullFor,
    get length() {
      return length;
    },
  };
}
