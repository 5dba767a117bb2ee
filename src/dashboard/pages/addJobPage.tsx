export function AddJobPage() { return <p>later</p>; }
