// Keeps a page up to date while a run is on: asks for the same page every few seconds and puts what has changed in
// its place. The server says with <html data-poll="SECONDS"> that there is something to wait for; without it not one
// request is made. What may change are the elements that have an id and the attribute data-live.
"use strict";

(() => {
  const root = document.documentElement;
  const parts = () => [...document.querySelectorAll("[data-live][id]")];
  const slowest = 60; // seconds between two tries, however many have failed
  let seconds = Number(root.dataset.poll);
  let failed = 0; // tries in a row
  let timer, request;

  if (!seconds || parts().length === 0) return;
  root.classList.add("is-live"); // hides what is for browsers without this script

  function say(text) {
    const line = document.getElementById("live");
    if (line && line.textContent !== text) line.textContent = text;
  }

  function wait() {
    clearTimeout(timer);
    if (seconds && !document.hidden) timer = setTimeout(ask, 1000 * Math.min(slowest, seconds * 2 ** failed));
  }

  async function ask() {
    request = new AbortController();
    const hidden = request.signal;
    try {
      const signal = AbortSignal.any([hidden, AbortSignal.timeout(20_000)]);
      const answer = await fetch(location.href.split("#")[0], { cache: "no-store", signal });
      if (answer.status >= 400 && answer.status < 500) {
        stop("This page is no longer kept up to date: load it again.");
        return;
      }
      if (!answer.ok) throw new Error(answer.status);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (!page.getElementById("live")) throw new Error("not one of our pages");
      show(page);
      failed = 0;
      seconds = Number(page.documentElement.dataset.poll) || 0;
      if (seconds) say("");
      else stop("The run has ended: this page shows its results.");
    } catch (err) {
      if (hidden.aborted) return; // the tab was hidden: it asks again once it is shown
      failed++;
      if (failed > 1) say("The server does not answer: what is shown may be old.");
    }
    wait();
  }

  function stop(why) {
    seconds = 0;
    delete root.dataset.poll;
    root.classList.remove("is-live");
    say(why);
  }

  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (document.hidden) request?.abort();
    else if (seconds) ask();
  });

  function show(page) {
    const focused = document.activeElement;
    for (const part of parts()) {
      const next = page.getElementById(part.id);
      // A part of another part may have gone with it. One that the answer does not have is empty from now on.
      if (!part.isConnected) continue;
      if (next) become(part, next);
      else part.replaceChildren();
    }
    if (focused && focused !== document.activeElement) refocus(focused);
  }

  // become changes a node into another, and leaves alone what is the same in both: so the focus, a selection, the
  // place that a table is scrolled to and what was folded out stay.
  function become(node, next) {
    if (node.isEqualNode(next)) return;
    if (node.nodeType !== Node.ELEMENT_NODE) {
      node.data = next.data;
      return;
    }
    for (const { name } of [...node.attributes]) {
      if (!next.hasAttribute(name) && !readers(node, name)) node.removeAttribute(name);
    }
    for (const { name, value } of next.attributes) {
      if (node.getAttribute(name) !== value && !readers(node, name)) node.setAttribute(name, value);
    }
    children(node, next);
  }

  // Whether a <details> is open is the reader's to say.
  const readers = (node, name) => node.nodeName === "DETAILS" && name === "open";

  function children(node, next) {
    const keyed = new Map();
    for (const child of node.childNodes) if (key(child)) keyed.set(key(child), child);
    let at = node.firstChild;
    for (const wanted of [...next.childNodes]) {
      const k = key(wanted);
      while (at && key(at) && keyed.get(key(at)) !== at) at = drop(at); // used already, or of a double key
      let same = k ? keyed.get(k) : at;
      if (!k && at && key(at)) same = null;
      if (same?.nodeName !== wanted.nodeName) {
        node.insertBefore(document.importNode(wanted, true), at);
        continue;
      }
      keyed.delete(k);
      if (same === at) at = at.nextSibling;
      else node.insertBefore(same, at);
      become(same, wanted);
    }
    while (at) at = drop(at);
  }

  function drop(node) {
    const after = node.nextSibling;
    node.remove();
    return after;
  }

  // key tells which of its siblings an element is, wherever it stands among them: a row by where its links lead,
  // a <details> by its summary.
  function key(node) {
    if (node.nodeType !== Node.ELEMENT_NODE) return "";
    if (node.id) return "#" + node.id;
    if (node.nodeName === "TR") return hrefs(node);
    if (node.nodeName === "DETAILS") return node.querySelector("summary")?.textContent || "";
    return "";
  }

  const hrefs = (node) => [...node.querySelectorAll("a")].map((a) => a.getAttribute("href")).join(" ");

  // refocus finds the focused element again if it was moved or replaced.
  function refocus(old) {
    let next = old.isConnected ? old : old.id && document.getElementById(old.id);
    const href = old.getAttribute?.("href");
    if (!next && href) next = [...document.querySelectorAll("main a")].find((a) => a.getAttribute("href") === href);
    next?.focus({ preventScroll: true });
  }

  wait();
})();
