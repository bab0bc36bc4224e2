// Search in pages that were opened from a folder. Browsers start no worker there; what would be the worker's script runs
// in an empty frame of the page instead, with the messages of a worker between the two. On a server nothing is changed.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      this.inside = new Promise((done, failed) => {
        frame.addEventListener("load", () => {
          const inside = frame.contentWindow;
          inside.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
          const script = frame.contentDocument.createElement("script");
          script.src = new URL(url, document.baseURI);
          script.onload = () => done(inside);
          script.onerror = failed;
          frame.contentDocument.head.append(script);
        }, { once: true });
      });
      document.body.append(frame);
      this.terminate = () => frame.remove();
    }

    async postMessage(data) {
      const inside = await this.inside;
      inside.dispatchEvent(new inside.MessageEvent("message", { data }));
    }
  };
}
