/** The mark: a globe of thin lines with one tile found. */
export function Logo() {
  return (
    <svg className="logo" viewBox="0 0 32 32" width="30" height="30" aria-hidden="true">
      <circle cx="16" cy="16" r="13" fill="none" stroke="currentColor" strokeWidth="1.8" />
      <path
        d="M3 16h26M16 3c-9 8-9 18 0 26M16 3c9 8 9 18 0 26M5 9.5h22M5 22.5h22"
        fill="none"
        stroke="currentColor"
        strokeWidth="1"
        opacity="0.5"
      />
      <rect x="17" y="8" width="7" height="7" rx="1.4" fill="#fdca26" />
    </svg>
  );
}
