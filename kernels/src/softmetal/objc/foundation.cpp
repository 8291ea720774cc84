#include "foundation.h"

#include "../validation.h"

namespace softmetal {
namespace {

id stringWithUTF8String(Class *, SEL, const char *text) {
    if (text == nullptr) {
        violation("+[NSString stringWithUTF8String:]: NULL");
        return nullptr;
    }
    return autoreleasedString(text);
}
const char *UTF8String(NSString *self, SEL) {
    return self->text.c_str();
}
NSUInteger stringLength(NSString *self, SEL) {
    NSUInteger units = 0; // of UTF-16
    for (unsigned char c : self->text) {
        units += (c & 0xC0) != 0x80 ? (c >= 0xF0 ? 2 : 1) : 0;
    }
    return units;
}
bool isEqualToString(NSString *self, SEL, id other) {
    return other != nullptr && other->isa == self->isa && static_cast<NSString *>(other)->text == self->text;
}

id numberWithLong(Class *, SEL, long value) {
    return autoreleased(create<NSNumber>(value));
}
long longValue(NSNumber *self, SEL) {
    return self->value;
}

id errorDomain(NSError *self, SEL) {
    return autoreleasedString(self->domain);
}
NSInteger errorCode(NSError *self, SEL) {
    return self->code;
}
id localizedDescription(NSError *self, SEL) {
    return autoreleasedString(self->description);
}

NSUInteger arrayCount(NSArray *self, SEL) {
    return self->objects.size();
}
id objectAtIndex(NSArray *self, SEL, NSUInteger index) {
    if (index >= self->objects.size()) {
        violation("-[NSArray objectAtIndex:]: index %lu beyond count %zu", index, self->objects.size());
        return nullptr;
    }
    return self->objects[index];
}
id arrayWithObjects(Class *, SEL, id *objects, NSUInteger count) {
    auto *array = create<NSArray>();
    for (NSUInteger i = 0; i < count; i++) {
        array->objects.push_back(retain(objects[i]));
    }
    return autoreleased(array);
}

id dictionaryWithObjects(Class *, SEL, id *objects, id *keys, NSUInteger count) {
    auto *dictionary = create<NSDictionary>();
    for (NSUInteger i = 0; i < count; i++) {
        if (objects[i] == nullptr || keys[i] == nullptr) {
            violation("+[NSDictionary dictionaryWithObjects:forKeys:count:]: nil at index %lu", i);
            continue;
        }
        dictionary->entries.emplace_back(retain(keys[i]), retain(objects[i]));
    }
    return autoreleased(dictionary);
}
NSUInteger dictionaryCount(NSDictionary *self, SEL) {
    return self->entries.size();
}

const auto *const registered = [] {
    defineAs<NSString>("NSString",
                       {method("UTF8String", UTF8String), method("length", stringLength),
                        method("isEqualToString:", isEqualToString)},
                       {method("stringWithUTF8String:", stringWithUTF8String)});
    defineAs<NSNumber>("NSNumber", {method("longValue", longValue), method("integerValue", longValue)},
                       {method("numberWithLong:", numberWithLong), method("numberWithInteger:", numberWithLong)});
    defineAs<NSArray>("NSArray", {method("count", arrayCount), method("objectAtIndex:", objectAtIndex)},
                      {method("arrayWithObjects:count:", arrayWithObjects)});
    defineAs<NSDictionary>("NSDictionary", {method("count", dictionaryCount)},
                           {method("dictionaryWithObjects:forKeys:count:", dictionaryWithObjects)});
    return defineAs<NSError>("NSError", {method("domain", errorDomain), method("code", errorCode),
                                         method("localizedDescription", localizedDescription)});
}();

} // namespace

NSString *autoreleasedString(const std::string &text) {
    return autoreleased(create<NSString>(text));
}

std::string textOf(id string, const char *where) {
    return expect<NSString>(string, where) ? static_cast<NSString *>(string)->text : std::string();
}

void setError(id *error, const char *domain, NSInteger code, const std::string &description) {
    if (error != nullptr) {
        *error = autoreleased(create<NSError>(domain, code, description));
    }
}

} // namespace softmetal
