namespace Becket.DevS3;

/// <summary>What can go wrong on purpose. Behind each stands its name in the textual form.</summary>
public enum FaultKind
{
    /// <summary><c>latency</c>: the answer waits.</summary>
    Latency,

    /// <summary><c>slowdown</c>: 503 SlowDown with Retry-After.</summary>
    SlowDown,

    /// <summary><c>throttle</c>: 429 TooManyRequests, as other stores than AWS's say it, with Retry-After.</summary>
    TooManyRequests,

    /// <summary><c>error</c>: 500 InternalError.</summary>
    InternalError,

    /// <summary><c>denied</c>: 403 AccessDenied.</summary>
    AccessDenied,

    /// <summary><c>expired</c>: 400 ExpiredToken, as to keys whose time is over.</summary>
    ExpiredToken,

    /// <summary><c>reset</c>: the connection is reset (TCP RST) in place of an answer.</summary>
    Reset,

    /// <summary><c>reset-body</c>: the connection is reset after half of the body.</summary>
    ResetInBody,

    /// <summary><c>reset-after</c>: the connection is reset after the last byte of the body.</summary>
    ResetAfterBody,

    /// <summary><c>truncate</c>: the connection is closed in good order after half of the body that Content-Length promised.</summary>
    Truncate,

    /// <summary><c>overlong</c>: more bytes than were asked for, in a body that does not say how long it is.</summary>
    Overlong,

    /// <summary><c>stall</c>: nothing comes after half of the body, and the connection stays open.</summary>
    Stall,

    /// <summary><c>wrong-etag</c>: the right bytes under the ETag of another object.</summary>
    WrongETag,

    /// <summary><c>wrong-range</c>: Content-Range speaks of the range one byte further on.</summary>
    WrongContentRange,

    /// <summary><c>ignore-range</c>: the whole object with 200, though a range was asked for.</summary>
    IgnoreRange,

    /// <summary><c>replace</c>: before the request is looked at, the object becomes another one: as long, every bit turned over.</summary>
    ReplaceObject,

    /// <summary><c>delete</c>: before the request is looked at, the object is deleted.</summary>
    DeleteObject,
}
