// Small pictures of the photos of the report that is being written, kept in this tab for its pages; nothing of them is sent.
const NAME = "report-shots";
const MOST = 12;

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(NAME)) ?? {};
  } catch {
    return {}; // no storage here, or something else in it
  }
}

/** Keep the picture of a photo under the id that the portal gave it. */
function keep(id, canvas) {
  const all = Object.entries({ ...read(), [id]: canvas.toDataURL("image/jpeg", 0.7) }).slice(-MOST);
  try {
    sessionStorage.setItem(NAME, JSON.stringify(Object.fromEntries(all)));
  } catch { /* full: the page shows the number of photos alone */ }
}

export function frame() {
  const canvas = Object.assign(document.createElement("canvas"), { width: 96, height: 72 });
  canvas.setAttribute("aria-hidden", "true");
  return canvas;
}

/** Draw a file into canvases; with the id of the photo the picture is kept. */
export async function picture(file, id, ...canvases) {
  const drawn = await createImageBitmap(file, { resizeWidth: 192 }).catch(() => null);
  if (!drawn) return;
  for (const canvas of canvases) {
    Object.assign(canvas, { width: 96, height: Math.round((96 * drawn.height) / drawn.width) });
    canvas.getContext("2d").drawImage(drawn, 0, 0, canvas.width, canvas.height);
  }
  if (id) keep(id, canvases[0]);
}

const shown = read();
for (const image of document.querySelectorAll("img[data-shot]")) {
  if (!shown[image.dataset.shot]) continue;
  image.src = shown[image.dataset.shot];
  image.hidden = false;
}
if (document.querySelector("[data-shots-end]")) sessionStorage.removeItem(NAME);
