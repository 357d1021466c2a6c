// Everything the page says, in one place. What can go wrong has a sentence and what to do about it.

/** Object.hasOwn, for browsers without it. */
export const has = (object, name) => Object.prototype.hasOwnProperty.call(object, name);

/** The line, by the page's own states and by the gateway's `state` messages. */
export const LINE = {
  idle: "点“拨打”开始通话",
  asking: "请允许使用麦克风",
  connecting: "正在接通…",
  talking: "已接通",
  speaking: "客服正在说话，可随时打断",
  speaking_patiently: "客服正在说话，请慢慢听",
  listening: "请讲",
  hearing: "正在听您说",
  thinking: "正在查询，请稍候",
  waiting: "正在为您转人工",
};

export const ASKING_TODO = "浏览器会问您一次，请选“允许”。";
export const TOKEN_TODO = "请先填写访问口令，再点“拨打”。";
export const PRESS_AGAIN_TO_HANG_UP = "要挂断，请再按一次回车键。";

const LATER = "请过一会儿再拨。";
const RELOAD = "请刷新本页，再拨一次。";
const TELL_US = "请换个时间再拨，或者告诉网站的管理员。";

/** reason -> [what is wrong, what to do]. Reasons of the gateway's answers, then those the page finds by itself. */
export const PROBLEMS = {
  bad_number: ["号码不对", "号码里只能有数字、＋、＊ 和 #，请改正后再拨。"],
  bad_request: ["系统没能接通", RELOAD],
  not_found: ["系统没能接通", RELOAD],
  error: ["系统出错了", LATER],
  bad_offer: ["浏览器没能接通", "请换用新版的 Chrome、Edge 或 Safari 再拨。"],
  token: ["访问口令不对", "请重新填写访问口令，再点“拨打”。"],
  origin: ["不能从这个网址拨打", "请从热线公布的网址打开本页。"],
  number_not_allowed: ["这里不能填写主叫号码", "请清空主叫号码，再拨一次。"],
  unknown_number: ["您拨的号码不存在", "请核对网址里的号码，或者从热线首页打开本页。"],
  gone: ["这通电话已经结束", "请重新拨打。"],
  method: ["系统没能接通", RELOAD],
  precondition: ["系统没能接通", RELOAD],
  too_large: ["系统没能接通", RELOAD],
  media_type: ["系统没能接通", RELOAD],
  host: ["不能从这个网址拨打", "请从热线公布的网址打开本页。"],
  no_restart: ["网络变了，电话断了", "请重新拨打。"],
  too_many: ["拨打太频繁了", LATER],
  busy: ["线路正忙", LATER],
  full: ["现在打电话的人很多", LATER],
  draining: ["系统正在维护", LATER],
  slow: ["网络太慢，没有接通", "请到信号好的地方，或者换一个网络再拨。"],

  microphone_missing: ["没有找到麦克风", "请插上耳机或麦克风，再点“拨打”。"],
  microphone_refused: ["麦克风没有被允许", "请点地址栏旁的锁形或设置图标，把麦克风改为“允许”，再点“拨打”。"],
  microphone_busy: ["麦克风正被别的程序占用", "请关掉正在用麦克风的程序（如会议、微信通话），再点“拨打”。"],
  insecure: ["这个网址不能使用麦克风", "请用 https:// 开头的网址（或 localhost）打开本页。"],
  no_webrtc: ["这个浏览器不能打电话", "请换用新版的 Chrome、Edge、Safari 或 Firefox。"],
  unreachable: ["连不上客服系统", "请检查网络，再点“拨打”。"],
  blocked: ["网络挡住了语音", "请换一个网络再拨，比如关掉 VPN，或把 Wi-Fi 换成手机流量。"],
  line_lost: ["连接断开了", "请检查网络，再点“接着刚才的办”；点“重新拨打”会从头开始。"],
  unknown: ["系统没能接通", TELL_US],
};

const ENDED = {
  draining: ["系统要维护，通话提前结束了", LATER],
  failed: ["通话意外结束了", "请再拨一次。"],
  too_long: ["通话时间到了上限，已经结束", "还要办事，请再点“拨打”。"],
  microphone_lost: ["一直没有收到您的声音，通话结束了", "请检查麦克风，再拨一次。"],
};
const ENDINGS = {
  drain_forced: ENDED.draining,
  shutdown: ENDED.draining,
  draining: ENDED.draining,
  rtp_timeout: ENDED.microphone_lost,
  max_call_time: ENDED.too_long,
  internal_error: ENDED.failed,
  cancelled: ENDED.failed,
  failed: ENDED.failed,
};

/** What to say of a call that the gateway ended badly: [what, what to do]; null where it simply came to its end. */
export function badEnding(reason) {
  return has(ENDINGS, reason) ? ENDINGS[reason] : null;
}

/** [what is wrong, what to do]; `retryAfterS` where the gateway says when there will be room. */
export function problem(reason, retryAfterS) {
  const [what, todo] = has(PROBLEMS, reason) ? PROBLEMS[reason] : PROBLEMS.unknown;
  return [what, retryAfterS && todo === LATER ? `请过${spoken(retryAfterS)}再拨。` : todo];
}

/** 80 -> 1分20秒 */
export function spoken(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60, rest = whole % 60;
  return `${hours ? `${hours}小时` : ""}${minutes ? `${minutes}分` : ""}${rest || whole < 60 ? `${rest}秒` : ""}`;
}

/** 80 -> 01:20 */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${String(Math.floor(whole / 60)).padStart(2, "0")}:${String(whole % 60).padStart(2, "0")}`;
}

export const ended = (seconds) => `通话已结束，时长 ${spoken(seconds)}`;
export const ENDED_UNCONNECTED = "已取消拨打";
export const ENDED_TODO = "还要办事，请再点“拨打”。";

export const WHO = { hotline: "客服", caller: "您" };
export const pressed = (key) => `您按了 ${key}`;
export const NOTES = {
  resumed: "已经重新接通",
  resuming: "线路断开了，正在重新接通…",
  transfer_failed: "人工暂时没有接通",
  pad_later: "接通以后才能按键",
};

export const HUMAN_TODO = "请点下面的按钮，接通人工客服。";
/** What the link to a human says. */
export const human = (to) => (to.startsWith("tel:") ? `打电话给人工客服 ${to.slice(4)}` : "打开人工客服");

export const CALL = { idle: "拨打", busy: "挂断", broken: "重新拨打" };

export const MICROPHONE = {
  standard: "默认麦克风",
  nth: (n) => `麦克风 ${n}`,
  silent: "好像没有声音，请检查麦克风",
  muted: "麦克风被静音了，请打开它",
  lost: "麦克风断开了，请重新插好",
  switched: (label) => `原来的麦克风断开了，已换用：${label}`,
  kept: "换不到这个麦克风，仍用原来的",
  heard: "听得到您的声音",
  quiet: "现在没有声音",
  unused: "未使用",
};
