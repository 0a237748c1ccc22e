// Reads a code with the camera, where the browser can (BarcodeDetector). Where it cannot, its button stays hidden, and the phone's own
// camera app opens the address in the code.

const EVERY_MS = 200;

/** Show the button where codes can be read; `found` is called with the text of the first one. */
export async function scanning(button, dialog, found) {
  if (!button || !dialog || !("BarcodeDetector" in window) || !navigator.mediaDevices?.getUserMedia) return;
  const formats = await window.BarcodeDetector.getSupportedFormats().catch(() => []);
  if (!formats.includes("qr_code")) return;
  button.hidden = false;
  const without = document.querySelector("[data-field-noscan]");
  if (without) without.hidden = true;
  dialog.querySelector("[data-field-camera-close]").addEventListener("click", () => dialog.close());
  button.addEventListener("click", () => scan(dialog, found).catch(() => {
    dialog.close();
    button.hidden = true; // no camera, or no permission for it
    if (without) without.hidden = false;
  }));
}

async function scan(dialog, found) {
  const video = dialog.querySelector("video");
  dialog.showModal();
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  try {
    video.srcObject = stream;
    await video.play();
    const detector = new window.BarcodeDetector({ formats: ["qr_code"] });
    while (dialog.open) {
      const [code] = await detector.detect(video).catch(() => []);
      if (code) {
        dialog.close();
        found(code.rawValue);
        return;
      }
      await new Promise((done) => { setTimeout(done, EVERY_MS); });
    }
  } finally {
    for (const track of stream.getTracks()) track.stop();
  }
}
