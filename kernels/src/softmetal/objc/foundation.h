// The few classes of Foundation that appear in calls of Metal.
#pragma once

#include "runtime.h"

namespace softmetal {

struct NSString : Object {
    explicit NSString(std::string text) : text(std::move(text)) {}
    std::string text;
};

struct NSNumber : Object {
    explicit NSNumber(long value) : value(value) {}
    long value;
};

struct NSError : Object {
    NSError(std::string domain, NSInteger code, std::string description)
        : domain(std::move(domain)), code(code), description(std::move(description)) {}
    std::string domain;
    NSInteger code;
    std::string description;
};

struct NSArray : Object {
    ~NSArray() {
        for (id object : objects) {
            release(object);
        }
    }
    std::vector<id> objects;
};

struct NSDictionary : Object {
    ~NSDictionary() {
        for (auto &[key, value] : entries) {
            release(key);
            release(value);
        }
    }
    std::vector<std::pair<id, id>> entries;
};

NSString *autoreleasedString(const std::string &text);
/// The text of an NSString argument; empty after a violation where it is none.
std::string textOf(id string, const char *where);
/// Puts an autoreleased error into an `NSError **` argument, which may be null.
void setError(id *error, const char *domain, NSInteger code, const std::string &description);

} // namespace softmetal
