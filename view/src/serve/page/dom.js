// Makes and changes elements. All text is set as text.

export const byId = (id) => document.getElementById(id);

/** Creates an element with a class and a text, either of which may be missing. */
export function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** Sets a text where it differs. */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/** Creates a button. */
export function button(text, name, onClick) {
  const made = element('button', '', text);
  made.type = 'button';
  if (name) made.setAttribute('aria-label', name);
  made.addEventListener('click', onClick);
  return made;
}

/** Creates a text that a user, an agent or a model wrote. Its direction does not reach beyond it. */
export function foreign(name, className, text) {
  const made = element(name, `${className} foreign`.trim(), text);
  made.dir = 'auto';
  return made;
}

/** Creates a date and time in the reader's own form. */
export function dateTime(instant) {
  const made = element('time', '', new Date(instant).toLocaleString());
  made.dateTime = instant;
  return made;
}

/** Returns how long ago an instant is. */
export function age(since) {
  const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(since)) / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}

/** Lets a screen reader say something. What follows quickly is said together. */
export function announce(text) {
  const region = byId('announcements');
  if (region.children.length >= 5) region.replaceChildren();
  region.append(element('p', '', text));
}

/** Says what came of something that the user did. */
export function say(text) {
  byId('outcome').hidden = false;
  setText(byId('outcome-text'), text.trim());
  announce(text.trim());
}
