export function WorkersPage() { return <p>later</p>; }
