// The form "Where you stand" asks the device for its place when it is sent; without a script it stays hidden.
for (const form of document.querySelectorAll("form[data-here]")) {
  if (!navigator.geolocation) break;
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        form.elements.near.value = `${coords.latitude.toFixed(6)},${coords.longitude.toFixed(6)}`;
        form.submit();
      },
      () => { form.querySelector("[role=status]").textContent = form.dataset.failed; },
      { enableHighAccuracy: true, timeout: 15000, maximumAge: 60000 },
    );
  });
}
