export async function bookshop(){}
