// Uploads an SQL file by tus, in pieces, so that it can pause and goes on after an interruption.
"use strict";
(() => {
  const form = document.getElementById("sql-upload");
  if (!form || !window.tus || !tus.isSupported) return;
  const part = (name) => form.querySelector(`[data-part="${name}"]`);
  const words = form.dataset;
  const language = document.documentElement.lang;
  const CHUNK_BYTES = 32 * 1024 * 1024;
  const RETRY_MILLISECONDS = [0, 1000, 3000, 5000, 10000, 20000, 30000];
  const SAMPLE_MILLISECONDS = 500;
  let upload = null;
  let isLost = false;
  let meter = null;

  // --- words ---
  const unit = (value, name, digits = 0, display = "short") =>
    new Intl.NumberFormat(language, {
      style: "unit", unit: name, unitDisplay: display, maximumFractionDigits: digits,
    }).format(value);

  function size(bytes) {
    const names = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
    let step = 0;
    while (bytes >= 1000 && step < names.length - 1) { bytes /= 1000; step += 1; }
    return unit(bytes, names[step], step > 1 ? 1 : 0);
  }

  function duration(seconds) {
    if (seconds < 60) return unit(Math.ceil(seconds), "second", 0, "long");
    if (seconds < 5400) return unit(Math.round(seconds / 60), "minute", 0, "long");
    return unit(seconds / 3600, "hour", 1, "long");
  }

  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_all, name) => values[name]);

  // --- what the page shows ---
  function say(text) {
    part("status").textContent = text;
    part("numbers").textContent = "";
  }

  function complain(text) {
    part("error-text").textContent = text;
    part("error").hidden = !text;
  }

  function show(state) {
    form.dataset.state = state;
    part("file").disabled = state !== "idle";
    part("start").hidden = state !== "idle";
    part("pause").hidden = state !== "sending";
    part("resume").hidden = state !== "paused";
    part("cancel").hidden = !["sending", "paused"].includes(state);
    part("progress").hidden = state === "idle";
  }

  function showProgress(sent, total) {
    const bar = part("progress");
    bar.max = total || 1;
    bar.value = sent;
    const now = performance.now();
    if (!meter) { meter = { at: now, sent, rate: 0 }; return; }
    if (now - meter.at < SAMPLE_MILLISECONDS) return;
    const rate = Math.max(0, (sent - meter.sent) / (now - meter.at) * 1000);
    meter = { at: now, sent, rate: meter.rate ? 0.7 * meter.rate + 0.3 * rate : rate };
    const values = { done: size(sent), total: size(total), rate: size(meter.rate) };
    values.left = meter.rate ? duration((total - sent) / meter.rate) : "";
    part("numbers").textContent = fill(meter.rate ? words.sending : words.stalled, values);
  }

  // --- what happens ---
  const statusOf = (error) => (error.originalResponse ? error.originalResponse.getStatus() : 0);

  function mayRetry(error) {
    const status = statusOf(error);
    if (!navigator.onLine || status === 507) return false;
    return status < 400 || status >= 500 || status === 409 || status === 423;
  }

  function sentence(error) {
    const status = statusOf(error);
    if (status === 403) return words.login;
    if (!status) return words.lost;
    const type = error.originalResponse.getHeader("Content-Type") || "";
    const text = error.originalResponse.getBody();
    return type.startsWith("text/plain") && text ? text : fill(words.failed, { status });
  }

  function fail(error) {
    isLost = !statusOf(error);
    show(upload.url ? "paused" : "idle");
    say("");
    complain(sentence(error));
  }

  function finish() {
    show("done");
    say(words.done);
    const check = document.getElementById("sql-uploaded");
    check.elements.file.value = `sqlfile:${upload.url.replace(/\/$/, "").split("/").pop()}`;
    check.submit();
  }

  function send() {
    isLost = false;
    meter = null;
    complain("");
    show("starting");
    upload.start();
  }

  async function begin(file) {
    upload = new tus.Upload(file, {
      endpoint: words.endpoint,
      chunkSize: CHUNK_BYTES,
      retryDelays: RETRY_MILLISECONDS,
      headers: { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
      metadata: { filename: file.name },
      removeFingerprintOnSuccess: true,
      onShouldRetry: mayRetry,
      onUploadUrlAvailable: () => show("sending"),
      onProgress: showProgress,
      onError: fail,
      onSuccess: finish,
    });
    const earlier = await upload.findPreviousUploads();
    if (earlier.length) upload.resumeFromPreviousUpload(earlier[0]);
    say(earlier.length ? words.goingOn : words.beginning);
    send();
  }

  async function giveUp() {
    try {
      await upload.abort(true);
    } catch (error) {
      fail(error);
      return;
    }
    upload = null;
    complain("");
    say("");
    form.reset();
    show("idle");
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const [file] = part("file").files;
    if (file) begin(file);
  });
  part("pause").addEventListener("click", () => {
    upload.abort();
    show("paused");
    say(words.paused);
  });
  part("resume").addEventListener("click", send);
  part("cancel").addEventListener("click", giveUp);
  window.addEventListener("online", () => { if (isLost && upload && upload.url) send(); });
  show("idle");
  form.hidden = false;
})();
