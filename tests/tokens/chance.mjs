// Chance that can be had again: the same seed gives the same texts everywhere.
export class Chance {
  constructor(seed) {
    this.state = (seed * 2654435761 >>> 0) || 1;
  }

  next() { // 32 bits (xorshift)
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return this.state = x >>> 0;
  }

  below(n) { return Math.floor(this.next() / 4294967296 * n); }
  between(least, most) { return least + this.below(most - least + 1); }
  once(n) { return this.below(n) === 0; } // one time in n
  pick(list) { return list[this.below(list.length)]; }

  // Small numbers often, large ones seldom, none over most.
  few(most) { return Math.floor(most ** (this.next() / 4294967296)); }

  times(n, make) {
    let text = "";
    for (let i = 0; i < n; i++) text += make();
    return text;
  }
}
