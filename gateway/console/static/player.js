// One call: its waveform, its controls, and its transcript, which follows the sound. A Vue component of NiceGUI's
// (gateway/console/call/player.py); what it shows comes as `call` (gateway/console/call/marks.py). Whatever was said is
// text to Vue, never HTML.

const STEP_S = 5;
const BUCKETS = 1200;
const LET_BE_MS = 4000; // who scrolls the transcript themselves is let be for so long
const WHO = { customer: "来电者", agent: "坐席", system: "热线" };
const OUR_KEYS = " ArrowLeft ArrowRight ArrowUp ArrowDown";

export default {
  template: `
    <div class="vc-call">
      <section class="vc-player" aria-label="录音">
        <div class="vc-marks" v-if="call.flags.length">
          <button v-for="(flag, n) in call.flags" :key="n" type="button" class="vc-mark" :data-severity="flag.severity"
            :data-number="n" :style="{ left: share(flag.at) }" :title="flag.title" :aria-label="'标记 ' + (n + 1) + '：' + flag.title"
            @click="choose(n)">{{ n + 1 }}</button>
        </div>
        <div class="vc-wave" ref="wave" role="slider" tabindex="0" aria-label="播放位置" aria-valuemin="0"
          :aria-valuemax="Math.round(call.duration / 1000)" aria-valuenow="0" aria-valuetext="00:00"
          @pointerdown="grab" @pointermove="drag">
          <canvas ref="canvas" aria-hidden="true"></canvas>
          <div class="vc-played" ref="played"></div>
          <span class="vc-side-name" aria-hidden="true">来电者</span>
          <span class="vc-side-name vc-below" aria-hidden="true">热线</span>
        </div>
        <div class="vc-controls">
          <button type="button" class="vc-play" :disabled="!audible" :aria-label="playing ? '暂停' : '播放'" @click="toggle">
            <i class="q-icon notranslate material-icons" aria-hidden="true">{{ playing ? "pause" : "play_arrow" }}</i></button>
          <button type="button" :disabled="!audible" aria-label="后退 5 秒" @click="jump(-1)"><i class="q-icon notranslate material-icons" aria-hidden="true">replay_5</i></button>
          <button type="button" :disabled="!audible" aria-label="前进 5 秒" @click="jump(1)"><i class="q-icon notranslate material-icons" aria-hidden="true">forward_5</i></button>
          <span class="vc-time"><span ref="now">00:00</span> / {{ clock(call.duration) }}</span>
          <label class="vc-speed">速度
            <select v-model.number="speed" :disabled="!audible">
              <option v-for="value in [0.75, 1, 1.25, 1.5, 1.75, 2]" :key="value" :value="value">{{ value }}×</option>
            </select></label>
          <span class="vc-player-told" role="status">{{ told }}</span>
        </div>
        <audio ref="audio" preload="none" @timeupdate="moved" @play="playing = true" @pause="playing = false"
          @ended="playing = false" @error="failed" @loadedmetadata="loaded"></audio>
      </section>
      <div class="vc-call-body">
        <section class="vc-transcript" aria-label="对话文字">
          <ol ref="list" tabindex="0" aria-label="对话，按上下键选一句" @wheel.passive="letBe" @touchmove.passive="letBe">
            <li v-for="said in call.segments" :key="said.i" v-memo="[said]" class="vc-turn" :data-who="said.who"
              :data-i="said.i" @click="play(said, $event)">
              <div class="vc-turn-head">
                <button type="button" class="vc-turn-time" tabindex="-1" :aria-label="'从 ' + clock(said.begin) + ' 播放'">{{ clock(said.begin) }}</button>
                <span>{{ who(said.who) }}</span>
                <span v-if="said.mood" class="vc-mood" :data-polarity="said.polarity">{{ said.mood }}</span>
                <span v-if="said.interrupts" class="vc-note">插话</span>
                <span v-if="said.unsure" class="vc-note">没听懂</span>
              </div>
              <p class="vc-said"><span v-if="said.kind === 'keys'" class="vc-note">按键 </span><span
                v-if="said.kind === 'silence'" class="vc-note">（没有回答）</span><template
                v-for="(part, n) in said.parts" :key="n"><mark v-if="part.title" :title="part.title"
                :data-flags="part.flags.join(' ')" :class="{ 'vc-hit': !part.flags.length }">{{ part.text }}</mark><template
                v-else>{{ part.text }}</template></template></p>
            </li>
          </ol>
          <p v-if="!call.segments.length" class="vg-muted">还没有文字。</p>
        </section>
        <div class="vc-side"><slot></slot></div>
      </div>
    </div>`,
  props: { call: Object, original: Boolean, audible: Boolean, chosen: Number, at: Number, why: String },
  data: () => ({ playing: false, speed: 1, told: "" }),
  created() {
    this.page = Array.from(crypto.getRandomValues(new Uint8Array(9)), (byte) => byte.toString(36)).join("");
    this.peaks = null;
    this.current = -1;
    this.wanted = null; // ms, until the browser knows how long the sound is
    this.letBeUntil = 0;
  },
  mounted() {
    document.addEventListener("keydown", this.pressed);
    this.sizes = new ResizeObserver(() => this.draw());
    this.sizes.observe(this.$refs.wave);
    this.theme = new MutationObserver(() => this.draw());
    this.theme.observe(document.body, { attributes: true, attributeFilter: ["class"] });
    this.told = this.why || "";
    if (this.audible) this.outline();
    this.mark();
    if (this.at > 0) this.go(this.at);
    if (!this.call.ended) this.toEnd();
  },
  updated() {
    this.light(this.current);
    this.mark();
  },
  unmounted() {
    document.removeEventListener("keydown", this.pressed);
    this.sizes.disconnect();
    this.theme.disconnect();
    cancelAnimationFrame(this.frame);
    this.$refs.audio?.pause();
  },
  watch: {
    speed(value) {
      this.$refs.audio.defaultPlaybackRate = this.$refs.audio.playbackRate = value;
    },
    chosen() {
      this.mark();
    },
    why(value) {
      this.told = value || "";
    },
    call(now, before) {
      this.draw();
      if (now.segments.length > before.segments.length && !now.ended) this.$nextTick(this.toEnd);
    },
    audible(value) {
      if (value) this.outline();
    },
    original() {
      const audio = this.$refs.audio;
      const went = !audio.paused;
      if (audio.src) {
        this.wanted = audio.currentTime * 1000;
        audio.src = this.address();
        if (went) this.start();
      }
      this.outline();
    },
  },
  methods: {
    // ------------------------------------------------------------------------------------------------------- the sound

    address(what = "audio") {
      const query = new URLSearchParams(what === "audio" ? { page: this.page } : { buckets: BUCKETS });
      if (this.original) query.set("original", "1");
      return `${window.path_prefix || ""}/api/calls/${encodeURIComponent(this.call.id)}/${what}?${query}`;
    },
    async toggle() {
      if (!this.audible) return;
      if (this.$refs.audio.paused) await this.start();
      else this.$refs.audio.pause();
    },
    async start() {
      const audio = this.$refs.audio;
      if (!audio.src) audio.src = this.address(); // only now: who plays nothing has heard nothing
      audio.defaultPlaybackRate = audio.playbackRate = this.speed;
      try {
        await audio.play();
        this.told = "";
        this.follow();
      } catch (error) {
        if (error.name === "NotAllowedError") this.told = "浏览器没有允许播放，请再按一次。";
      }
    },
    loaded() {
      if (this.wanted !== null) this.$refs.audio.currentTime = this.wanted / 1000;
      this.wanted = null;
    },
    async failed() {
      this.playing = false;
      this.told = "录音放不出来，文字仍可以看。";
      try {
        const answer = await fetch(this.address(), { method: "GET", headers: { Range: "bytes=0-0" } });
        if (!answer.ok) this.told = `${(await answer.json()).detail} 文字仍可以看。`;
      } catch {
        this.told = "连不上服务器，录音暂时放不出来。";
      }
      this.$refs.audio.removeAttribute("src"); // the next try asks again
    },
    position() {
      return this.wanted ?? this.$refs.audio.currentTime * 1000;
    },
    go(ms) {
      const audio = this.$refs.audio;
      const to = Math.max(0, Math.min(ms, this.call.duration));
      if (audio.readyState > 0) audio.currentTime = to / 1000;
      else this.wanted = to;
      this.show(to);
    },
    jump(way) {
      this.go(this.position() + way * STEP_S * 1000);
    },
    seekTo(ms) {
      this.letBeUntil = 0;
      this.go(ms);
    },
    follow() {
      cancelAnimationFrame(this.frame);
      const step = () => {
        this.show(this.position());
        if (!this.$refs.audio?.paused) this.frame = requestAnimationFrame(step);
      };
      step();
    },
    moved() {
      this.show(this.position());
    },
    show(ms) {
      const wave = this.$refs.wave;
      if (!wave) return;
      this.$refs.played.style.width = this.share(ms);
      const text = this.clock(ms);
      if (this.$refs.now.textContent !== text) {
        this.$refs.now.textContent = text;
        wave.setAttribute("aria-valuenow", Math.round(ms / 1000));
        wave.setAttribute("aria-valuetext", text);
      }
      this.light(this.at_(ms));
    },
    share(ms) {
      return `${this.call.duration ? Math.max(0, Math.min(100, (100 * ms) / this.call.duration)) : 0}%`;
    },
    clock(ms) {
      const seconds = Math.floor(ms / 1000);
      const two = (value) => String(value).padStart(2, "0");
      const hours = Math.floor(seconds / 3600);
      return (hours ? `${hours}:` : "") + `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
    },

    // ---------------------------------------------------------------------------------------------------- the waveform

    async outline() {
      try {
        const answer = await fetch(this.address("peaks"));
        const told = await answer.json();
        if (answer.ok) this.peaks = told;
        else this.told = `${told.detail} 文字仍可以看。`;
      } catch {
        this.told = "连不上服务器，波形暂时显示不出来。";
      }
      this.draw();
    },
    grab(event) {
      if (!this.audible || event.button) return;
      this.$refs.wave.setPointerCapture(event.pointerId);
      this.drag(event, true);
    },
    drag(event, first) {
      if (first !== true && !this.$refs.wave.hasPointerCapture(event.pointerId)) return;
      const box = this.$refs.wave.getBoundingClientRect();
      this.letBeUntil = 0;
      this.go(((event.clientX - box.left) / box.width) * this.call.duration);
    },
    draw() {
      const canvas = this.$refs.canvas;
      if (!canvas) return;
      const { width, height } = this.$refs.wave.getBoundingClientRect();
      const dots = window.devicePixelRatio || 1;
      canvas.width = Math.round(width * dots);
      canvas.height = Math.round(height * dots);
      const pen = canvas.getContext("2d");
      pen.scale(dots, dots);
      const colours = getComputedStyle(document.body);
      const colour = (name) => colours.getPropertyValue(`--${name}`).trim();
      const x = (ms) => (this.call.duration ? (ms / this.call.duration) * width : 0);
      const half = (who) => (who === "customer" ? 0 : height / 2);
      const stretch = (one, paint) => paint(x(one.begin), half(one.who), Math.max(2, x(one.end) - x(one.begin)), height / 2);
      for (const hit of this.call.hits)
        for (const one of hit.spans) stretch(one, (...box) => this.fill(pen, colour("vc-hit-wash"), box));
      for (const flag of this.call.flags)
        for (const one of flag.spans) stretch(one, (...box) => this.fill(pen, colour(`vc-${flag.severity}-wash`), box));
      this.bars(pen, width, height, [colour("vc-caller"), colour("vc-hotline")]);
      for (const one of this.call.silences) stretch(one, (...box) => this.hatch(pen, colour("vg-soft"), box));
      pen.fillStyle = colour("vg-line");
      pen.fillRect(0, height / 2 - 0.5, width, 1);
      for (const flag of this.call.flags) this.fill(pen, colour(`vc-${flag.severity}`), [x(flag.at) - 0.75, 0, 1.5, height]);
    },
    fill(pen, colour, [left, top, wide, high]) {
      pen.fillStyle = colour;
      pen.fillRect(left, top, wide, high);
    },
    hatch(pen, colour, [left, top, wide, high]) {
      pen.save();
      pen.beginPath();
      pen.rect(left, top, wide, high);
      pen.clip();
      pen.strokeStyle = colour;
      pen.lineWidth = 1;
      pen.beginPath();
      for (let at = left - high; at < left + wide; at += 6) {
        pen.moveTo(at, top + high);
        pen.lineTo(at + high, top);
      }
      pen.stroke();
      pen.restore();
    },
    bars(pen, width, height, colours) {
      const sides = this.peaks?.sides || [];
      sides.forEach(([low, high], side) => {
        const middle = sides.length === 1 ? height / 2 : (side + 0.5) * (height / 2);
        // Louder is drawn taller, but less than in proportion: so who speaks softly is seen as well
        const loudest = Math.max(16, ...high, ...low.map((value) => -value));
        const room = (sides.length === 1 ? height / 2 : height / 4) * 0.94;
        const tall = (value) => (value / loudest) ** 0.7 * room;
        const step = width / low.length;
        pen.fillStyle = colours[side];
        for (let at = 0; at < width; at += Math.max(1, step)) {
          const first = Math.floor(at / step);
          const last = Math.max(first + 1, Math.floor((at + 1) / step));
          let most = 0;
          let least = 0;
          for (let n = first; n < last && n < low.length; n++) {
            most = Math.max(most, high[n]);
            least = Math.min(least, low[n]);
          }
          pen.fillRect(at, middle - tall(most), Math.max(1, step), Math.max(1, tall(most) + tall(-least)));
        }
      });
    },

    // -------------------------------------------------------------------------------------------------- the transcript

    who: (who) => WHO[who] || who,
    at_(ms) {
      // the last that has begun: prompts that are cut end later than the answer begins
      const all = this.call.segments;
      let low = 0;
      let high = all.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (all[middle].begin <= ms + 20) low = middle + 1;
        else high = middle;
      }
      return low - 1;
    },
    light(place) {
      const list = this.$refs.list;
      const line = list?.children[place];
      if (this.lit !== line) this.lit?.classList.remove("vc-now");
      this.lit = line;
      if (!line || (place === this.current && line.classList.contains("vc-now"))) return;
      line.classList.add("vc-now");
      this.current = place;
      if (performance.now() >= this.letBeUntil) this.reveal(line, 2);
    },
    reveal(line, tries) {
      const list = this.$refs.list;
      if (!list || this.lit !== line) return;
      const top = line.offsetTop; // of the list, which is positioned
      if (top >= list.scrollTop + 8 && top + line.offsetHeight <= list.scrollTop + list.clientHeight - 8) return;
      list.scrollTop = top - list.clientHeight / 3;
      // The heights of lines that were never seen are guesses, until they are seen
      if (tries > 0) requestAnimationFrame(() => this.reveal(line, tries - 1));
    },
    letBe() {
      this.letBeUntil = performance.now() + LET_BE_MS;
    },
    toEnd() {
      const list = this.$refs.list;
      if (list && performance.now() >= this.letBeUntil) list.scrollTop = list.scrollHeight;
    },
    play(said, event) {
      if (String(getSelection()) && !event?.target.closest("button")) return; // they are copying words
      this.seekTo(said.begin);
      if (this.audible) this.start();
    },
    sentence(way) {
      const to = Math.max(0, Math.min(this.current + way, this.call.segments.length - 1));
      const said = this.call.segments[to];
      if (said) {
        this.letBeUntil = 0;
        this.go(said.begin);
      }
    },
    choose(number) {
      const flag = this.call.flags[number];
      if (!flag) return;
      this.seekTo(flag.at);
      this.$emit("choose", number);
    },
    mark() {
      for (const word of this.$el.querySelectorAll("mark"))
        word.classList.toggle("vc-chosen", word.dataset.flags.split(" ").includes(String(this.chosen)));
      for (const mark of this.$el.querySelectorAll(".vc-mark"))
        mark.classList.toggle("vc-chosen", mark.dataset.number === String(this.chosen));
    },

    // --------------------------------------------------------------------------------------------------------- the keys

    pressed(event) {
      if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
      const on = event.target;
      if (on?.closest?.('input, textarea, select, [contenteditable]:not([contenteditable="false"]), [role="textbox"]')) return;
      if (document.querySelector(".q-dialog, .q-menu, dialog[open]")) return;
      const key = event.key;
      if (key === " " && on?.closest?.("a, button, summary, [role=button], [role=switch], [role=checkbox]")) return;
      if (/^[1-9]$/.test(key)) this.choose(Number(key) - 1);
      else if (!OUR_KEYS.includes(key) || (key === " " && event.repeat)) return;
      else if (key === " ") this.toggle();
      else if (key === "ArrowLeft" || key === "ArrowRight") this.audible && this.jump(key === "ArrowLeft" ? -1 : 1);
      else this.sentence(key === "ArrowUp" ? -1 : 1);
      event.preventDefault();
    },
  },
};
