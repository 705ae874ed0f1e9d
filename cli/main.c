#include <stdio.h>

int main(void)
{
    (void)puts("meshtop " MT_VERSION);
    return 0;
}
