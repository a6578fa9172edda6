namespace Becket.Objects;

/// <summary>The requests that <see cref="MeteredObjectStore"/> tells apart.</summary>
internal enum StoreOperation
{
    Get,
    Head,
    Put,
    Delete,
    List,
}
