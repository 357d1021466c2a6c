// A message that a caller left: heard, or why not. A Vue component of NiceGUI's (gateway/console/call/message.py).

export default {
  template: `
    <div class="vc-controls vc-message">
      <button type="button" class="vc-play" :disabled="!audible" :aria-label="(playing ? '暂停' : '播放') + title" @click="toggle">
        <i class="q-icon notranslate material-icons" aria-hidden="true">{{ playing ? "pause" : "play_arrow" }}</i></button>
      <span class="vc-time">{{ clock(now) }} / {{ clock(length) }}</span>
      <span class="vc-player-told" role="status">{{ told || why }}</span>
      <audio ref="audio" preload="none" @timeupdate="now = $event.target.currentTime * 1000" @play="playing = true"
        @pause="playing = false" @ended="playing = false" @error="failed"></audio>
    </div>`,
  props: { path: String, title: String, length: Number, original: Boolean, audible: Boolean, why: String },
  data: () => ({ playing: false, now: 0, told: "" }),
  created() {
    this.page = crypto.randomUUID?.() ?? String(Math.random()); // randomUUID: over https, or on this machine
  },
  mounted() {
    document.addEventListener("play", this.yields, true);
  },
  unmounted() {
    document.removeEventListener("play", this.yields, true);
    this.$refs.audio?.pause();
  },
  methods: {
    address() {
      const query = new URLSearchParams({ page: this.page });
      if (this.original) query.set("original", "1");
      return `${window.path_prefix || ""}${this.path}?${query}`;
    },
    async toggle() {
      const audio = this.$refs.audio;
      if (!audio.paused) return audio.pause();
      if (!audio.src) audio.src = this.address(); // only now: who plays nothing has heard nothing
      try {
        await audio.play();
        this.told = "";
      } catch (error) {
        if (error.name === "NotAllowedError") this.told = "浏览器没有允许播放，请再按一次。";
      }
    },
    yields(event) {
      // one sound at a time: this one is silent when another begins, and the call's when this one does
      const audio = this.$refs.audio;
      if (event.target !== audio) audio.pause();
      else for (const other of document.querySelectorAll("audio")) if (other !== audio) other.pause();
    },
    async failed() {
      this.playing = false;
      this.told = "留言放不出来。";
      try {
        const answer = await fetch(this.address(), { headers: { Range: "bytes=0-0" } });
        if (!answer.ok) this.told = (await answer.json()).detail;
      } catch {
        this.told = "连不上服务器，留言暂时放不出来。";
      }
      this.$refs.audio?.removeAttribute("src"); // the next try asks again
    },
    clock(ms) {
      const seconds = Math.floor(ms / 1000);
      const two = (value) => String(value).padStart(2, "0");
      return `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`;
    },
  },
};
