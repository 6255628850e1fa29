// clarinet tells events and leaves the value to its user: this builds it. Strings appear when they are whole, so that its views say less.

/** @param clarinet the package. */
export function parser(clarinet) {
  return (onView) => {
    const events = clarinet.parser();
    const open = [];
    let root;
    const put = (value) => {
      const holder = open.at(-1);
      if (holder === undefined) root = value;
      else if (Array.isArray(holder.value)) holder.value.push(value);
      else holder.value[holder.key] = value;
    };
    const begin = (value) => {
      put(value);
      open.push({ value, key: undefined });
    };
    const named = (name) => {
      open.at(-1).key = name;
    };
    events.onopenobject = (name) => {
      begin({});
      if (name !== undefined) named(name);
    };
    events.onkey = named;
    events.onopenarray = () => begin([]);
    events.oncloseobject = () => open.pop();
    events.onclosearray = events.oncloseobject;
    events.onvalue = put;
    return {
      push(fragment) {
        events.write(fragment);
        onView(root);
      },
      end() {},
    };
  };
}
